"""Which requests to the engine are let through, and in which words. Pure: who owns what is named is asked by the server, before it passes.

Without a rule there is no way through: building, loading, pushing and removing images, plugins, swarm and everything that comes later.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from carrel.drivers.docker.gate import archives
from carrel.drivers.docker.gate.bodies import COMMAND_START, LIMITS, NAME, OWN_NAME, Bodies
from carrel.drivers.docker.gate.outcome import Allowed, Asked, Kind, Policy, Refused, Thing
from carrel.drivers.docker.gate.shapes import NotLetThrough, Shape, read, refuse, written

_VERSION: Final = re.compile(r"/v1\.[0-9]{1,3}(?=/)")
_IMAGE: Final = r"[A-Za-z0-9][A-Za-z0-9._/:@-]{0,500}"
_CONTAINER_NAME: Final = re.compile(OWN_NAME)
_LONGEST: Final = 4096


@dataclass(frozen=True, slots=True)
class _Rule:
    methods: str
    path: str
    """A pattern; its group `name` is the thing that is acted upon."""
    query: str = ""
    """Names of parameters, between spaces."""
    owned: Kind | None = None
    body: Callable[[Bodies], Shape] | None = None
    is_archive: bool = False
    upgrades: bool = False
    lists: bool = False
    """The answer is narrowed to the installation's own."""
    passes_credentials: bool = False


def _container(methods: str, verb: str, query: str = "", **more: Any) -> _Rule:
    return _Rule(methods, rf"/containers/(?P<name>{NAME}){verb}", query, "containers", **more)


_RULES: Final = (
    _Rule("GET HEAD", "/_ping"),
    _Rule("GET", "/version"),
    _Rule("GET", "/info"),
    _Rule("GET", "/events", "since until filters stream", lists=True),
    _Rule("GET", "/containers/json", "all limit size filters", lists=True),
    _Rule("POST", "/containers/create", "name platform", body=lambda bodies: bodies.container),
    _container("GET", "/json", "size"),
    _container("GET", "/logs", "follow stdout stderr since until timestamps tail"),
    _container("GET", "/stats", "stream one-shot"),
    _container("GET", "/top", "ps_args"),
    _container("POST", "/start"),
    _container("POST", "/stop", "t signal"),
    _container("POST", "/restart", "t signal"),
    _container("POST", "/kill", "signal"),
    _container("POST", "/pause"),
    _container("POST", "/unpause"),
    _container("POST", "/wait", "condition"),
    _container("POST", "/resize", "h w"),
    _container("POST", "/update", body=lambda _: LIMITS),
    _container("DELETE", "", "v force"),
    _container("GET HEAD", "/archive", "path"),
    _container("PUT", "/archive", "path noOverwriteDirNonDir copyUIDGID", is_archive=True),
    _container("POST", "/exec", body=lambda bodies: bodies.command),
    _Rule("GET", rf"/exec/(?P<name>{NAME})/json", owned="exec"),
    _Rule("POST", rf"/exec/(?P<name>{NAME})/resize", "h w", owned="exec"),
    _Rule(
        "POST",
        rf"/exec/(?P<name>{NAME})/start",
        owned="exec",
        body=lambda _: COMMAND_START,
        upgrades=True,
    ),
    _Rule("GET", "/networks", "filters", lists=True),
    _Rule("GET", "/networks/bridge"),  # made anew at each start of the engine: tells when that was
    _Rule("POST", "/networks/create", body=lambda bodies: bodies.network),
    _Rule("GET", rf"/networks/(?P<name>{NAME})", "verbose scope", owned="networks"),
    _Rule("DELETE", rf"/networks/(?P<name>{NAME})", owned="networks"),
    _Rule(
        "POST",
        rf"/networks/(?P<name>{NAME})/(dis)?connect",
        owned="networks",
        body=lambda bodies: bodies.connection,
    ),
    # Which volumes there are is no secret: those of a site that was there before are looked for by name.
    _Rule("GET", "/volumes", "filters"),
    _Rule("POST", "/volumes/create", body=lambda bodies: bodies.volume),
    _Rule("GET", rf"/volumes/(?P<name>{NAME})"),
    _Rule("DELETE", rf"/volumes/(?P<name>{NAME})", "force", owned="volumes"),
    _Rule("GET", "/images/json", "all filters digests shared-size"),
    _Rule("GET", rf"/images/{_IMAGE}/json"),
    _Rule("GET", rf"/distribution/{_IMAGE}/json", passes_credentials=True),
    _Rule("POST", "/images/create", "fromImage tag platform", passes_credentials=True),
)


def allowed(asked: Asked, policy: Policy) -> Allowed | Refused:
    try:
        return _judged(asked, policy)
    except NotLetThrough as refusal:
        return Refused(refusal.sentence)


def _judged(asked: Asked, policy: Policy) -> Allowed:
    version = _VERSION.match(asked.path)
    prefix = version[0] if version else ""
    rule, name = _found(asked.method, asked.path.removeprefix(prefix))
    query = _query(rule, asked, policy)
    bodies = Bodies(policy)
    body = None
    if rule.body is not None:
        body = written(rule.body(bodies)("the body", read(asked.body)))
    elif rule.is_archive:
        body = archives.plain(asked.body)
    needs = (Thing(rule.owned, name), *bodies.needs) if rule.owned else tuple(bodies.needs)
    return Allowed(
        asked.method,
        prefix + asked.path.removeprefix(prefix) + (f"?{query}" if query else ""),
        body,
        needs,
        is_archive=rule.is_archive,
        upgrades=rule.upgrades,
        passes_credentials=rule.passes_credentials,
    )


def _found(method: str, path: str) -> tuple[_Rule, str]:
    for rule in _RULES:
        match = re.fullmatch(rule.path, path)
        if match and method in rule.methods.split() and ".." not in path and "//" not in path:
            return rule, match.groupdict().get("name") or ""
    shown = path if path.isprintable() else "…"
    return refuse(f"{method} {shown[:120]}", "is not let through")  # type: ignore[no-any-return]


def _query(rule: _Rule, asked: Asked, policy: Policy) -> str:
    names = [name for name, _ in asked.query]
    for name, value in asked.query:
        if name not in rule.query.split() or names.count(name) > 1 or len(value) > _LONGEST:
            refuse(f"the parameter {name[:40]}", "is not let through")
    given = dict(asked.query)
    if rule.body is not None and "name" in given and _CONTAINER_NAME.fullmatch(given["name"]) is None:
        refuse(f'the name "{given["name"][:80]}"', "does not begin with carrel-")
    if rule.lists:
        given["filters"] = json.dumps(narrowed(given.get("filters", ""), policy))
    return urlencode(given)


def narrowed(filters: str, policy: Policy) -> dict[str, Any]:
    """The same, of this installation alone. The engine knows lists and, of old, objects with true."""
    known = read(filters.encode())
    if not isinstance(known, dict):
        return dict(refuse("the parameter filters", "is no object"))
    labels = known.get("label") or []
    labels = [key for key, holds in labels.items() if holds] if isinstance(labels, dict) else list(labels)
    others = {key: value for key, value in known.items() if key.lower() != "label"}
    return {**others, "label": [*dict.fromkeys([*labels, policy.label])]}


def installation_named(asked: Asked) -> str | None:
    """Which installation a request speaks for, by the labels that it looks for or gives; a gate that knows none yet asks."""
    text = dict(asked.query).get("filters", "") + asked.body.decode("utf-8", "replace")
    found = re.search(r'"carrel\.installation(?:=|":\s*")([a-z][a-z0-9]{15})"', text)
    return found[1] if found else None
