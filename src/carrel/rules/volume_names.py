"""Whose volume it is, by its name: a pattern as JupyterHub sites set it, read backwards. A name may be read in more than one way, and then
all of them are told.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from carrel.domain.errors import Invalid
from carrel.domain.ids import is_name
from carrel.rules.escape import Rule, unescaped

USUAL_PATTERN: Final = "jupyterhub-user-{username}"
_USERS: Final = ("username", "raw_username")
_SERVERS: Final = ("servername", "raw_servername")
_FIELD: Final = re.compile(r"\{([^{}]*)\}")
_LONGEST: Final = 200
_LONGEST_HOME: Final = 40


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a volume's name."""

    user: str
    home: str
    """"" where the pattern or the name names none."""


@dataclass(frozen=True, slots=True)
class Pattern:
    text: str
    fields: tuple[str, ...]
    """In their order: one for the user, and perhaps one for the server's name."""


def pattern(text: str) -> Pattern:
    """Raises Invalid."""
    fields = tuple(_FIELD.findall(text))
    users = [name for name in fields if name in _USERS]
    servers = [name for name in fields if name in _SERVERS]
    if len(users) != 1 or len(servers) > 1 or len(fields) != len(users) + len(servers):
        raise Invalid(
            "A pattern of volumes' names holds {username} or {raw_username} once, and {servername} at most once, "
            f'such as "{USUAL_PATTERN}".'
        )
    if len(text) > _LONGEST or "}{" in text or "{" in _FIELD.sub("", text) or "}" in _FIELD.sub("", text):
        raise Invalid("A pattern of volumes' names has something between its fields, and no other braces.")
    return Pattern(text, fields)


def readings(name: str, wanted: Pattern, rules: Sequence[Rule] = tuple(Rule)) -> list[Reading]:
    """Each once. Empty for a name that is not of this pattern."""
    found: list[Reading] = []
    for parts in _parted(name, _FIELD.split(wanted.text)[::2]):
        given = dict(zip(wanted.fields, parts, strict=True))
        for rule in rules:
            user = _read(given, "username", rule)
            server = _read(given, "servername", rule)
            if user and server is not None and Reading(user, server) not in found:
                found.append(Reading(user, server))
    return found


def home_called(server: str) -> str | None:
    """What a home is called after a named server of somebody's; None where nothing of the name is left."""
    plain = re.sub(r"[^a-z0-9]+", "-", server.lower())[:_LONGEST_HOME].strip("-")
    return plain if is_name(plain) else None


def _read(given: dict[str, str], field: str, rule: Rule) -> str | None:
    if f"raw_{field}" in given:
        return given[f"raw_{field}"]
    return unescaped(given[field], rule) if field in given else ""


def _parted(name: str, between: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """What may stand in the fields, in every way that fits the text around them."""
    first, last = between[0], between[-1]
    if not (name.startswith(first) and name.endswith(last)) or len(name) < len(first) + len(last):
        return
    inner = name[len(first) : len(name) - len(last)]
    if len(between) == 2:
        yield (inner,)
        return
    middle = between[1]
    at = inner.find(middle)
    while at >= 0:
        yield inner[:at], inner[at + len(middle) :]
        at = inner.find(middle, at + 1)
