"""Templates: the recipes on offer, every version they had, and how another one takes over."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from carrel.domain.actor import Actor
from carrel.domain.errors import Conflict, NotFound
from carrel.domain.ids import TemplateName
from carrel.domain.template import Template
from carrel.ports.wake import pool_topic
from carrel.rules.access import Action, require
from carrel.rules.difference import Difference, differences
from carrel.services.context import Context
from carrel.settings.template_reading import template_from, template_from_text, text_of
from carrel.settings.template_tree import hidden, tree_of
from carrel.store import audit, pools, templates
from carrel.store.templates import Kept

__all__ = [
    "Change",
    "Draft",
    "Kept",
    "Whole",
    "apply",
    "drafted",
    "get",
    "page",
    "roll_back",
    "version",
    "versions",
    "whole",
]

MOST_VERSIONS: Final = 200
SHORTEST: Final = 6
"""So many first characters may stand for a version."""
_MOST_TOLD: Final = 2000
"""Characters of what is written into the audit."""

Draft = str | Mapping[str, object]
"""What somebody wants a template to say: TOML as in the configuration file, or the same as tables."""


@dataclass(frozen=True, slots=True)
class Change:
    """A template as it is and as it would be."""

    current: Template
    wanted: Template

    @property
    def differences(self) -> list[Difference]:
        return list(differences("", self.current, self.wanted))


@dataclass(frozen=True, slots=True)
class Whole:
    """One version, and what it says, without its secrets."""

    kept: Kept
    definition: dict[str, object]
    text: str
    differences: list[Difference]
    """From the current version to this one."""


async def page(ctx: Context, actor: Actor) -> list[Template]:
    """The current version of each, by name."""
    require(actor, Action.SEE_POOLS)
    return await ctx.store.read(templates.every)


async def get(ctx: Context, actor: Actor, name: str) -> Template:
    require(actor, Action.SEE_POOLS)
    return await ctx.store.read(_current, name)


async def versions(ctx: Context, actor: Actor, name: str) -> list[Kept]:
    """The current one, then the others, newest first, each with what runs from it. For admins."""
    require(actor, Action.ADMINISTER)
    found = await ctx.store.read(templates.history, TemplateName(name), MOST_VERSIONS)
    if not found:
        raise NotFound(_unknown(name))
    return found


async def version(ctx: Context, actor: Actor, name: str, beginning: str) -> Kept:
    """By its first characters, where only one begins so."""
    found = await versions(ctx, actor, name)
    fitting = [one for one in found if one.template.version.startswith(beginning)]
    exact = [one for one in fitting if one.template.version == beginning]
    if exact or (len(fitting) == 1 and len(beginning) >= SHORTEST):
        return (exact or fitting)[0]
    raise NotFound(
        f"There is no version {beginning[:70]!r} of {name[:60]!r}. Look at its versions; "
        f"{SHORTEST} characters are enough where only one begins so."
    )


async def whole(ctx: Context, actor: Actor, name: str, beginning: str) -> Whole:
    found = await version(ctx, actor, name, beginning)
    change = Change(await ctx.store.read(_current, name), found.template)
    told = hidden(tree_of(found.template))
    return Whole(found, told, text_of(found.template), change.differences)


async def drafted(
    ctx: Context, actor: Actor, name: str, draft: Draft, base_version: str | None = None
) -> Change:
    """What the draft would change. `base_version` is the one it began with, whose secrets it leaves out. Raises Invalid."""
    require(actor, Action.ADMINISTER)
    current = await ctx.store.read(_current, name)
    base = current
    if base_version is not None and base_version != current.version:
        base = (await version(ctx, actor, name, base_version)).template
    if isinstance(draft, str):
        return Change(current, template_from_text(name, draft, base=base))
    return Change(current, template_from(name, draft, base=base))


async def apply(ctx: Context, actor: Actor, name: str, draft: Draft, base_version: str) -> Template:
    """Warm workspaces of the former version are replaced one after another, claimed ones go on. It holds until the configuration file
    says otherwise at the next start. Raises Conflict where the current version is no longer `base_version`.
    """
    change = await drafted(ctx, actor, name, draft, base_version)
    return await _make_current(ctx, actor, change.wanted, base_version)


async def roll_back(
    ctx: Context, actor: Actor, name: str, to_version: str, base_version: str | None = None
) -> Template:
    """Make a former version current again; everything else as in `apply`."""
    found = await version(ctx, actor, name, to_version)
    return await _make_current(ctx, actor, found.template, base_version, is_back=True)


async def _make_current(
    ctx: Context, actor: Actor, wanted: Template, base_version: str | None, *, is_back: bool = False
) -> Template:
    now = ctx.clock.now()

    def write(conn: Connection) -> list[str]:
        found = templates.hold(conn, wanted.name)
        if found is None:
            raise NotFound(_unknown(wanted.name))
        if found.version == wanted.version:
            return []
        if base_version is not None and found.version != base_version:
            raise Conflict(
                f"Somebody changed this template meanwhile: it is at version {found.version[:12]} now and was at "
                f"{base_version[:12]}. Look at it again, then save."
            )
        templates.put(conn, wanted, now)
        who, target, told = audit.name_of(actor), f"template:{wanted.name}", _told(found, wanted)
        if is_back:
            audit.add(conn, now, who, "roll_back_template", target, told)
        else:
            audit.add(conn, now, who, "change_template", target, told)
        return [pool.name for pool in pools.every(conn) if pool.template == wanted.name]

    for pool in await ctx.store.write(write):
        ctx.wake.ring(pool_topic(pool))
    return wanted


def _told(was: Template, becomes: Template) -> str:
    told = ", ".join(map(str, differences("", was, becomes)))
    return f"version {was.version[:12]} → {becomes.version[:12]}: {told}"[:_MOST_TOLD]


def _current(conn: Connection, name: str) -> Template:
    found = templates.get(conn, TemplateName(name))
    if found is None:
        raise NotFound(_unknown(name))
    return found


def _unknown(name: str) -> str:
    return f"There is no template called {name[:60]!r}. The configuration file names them: [templates.NAME]."
