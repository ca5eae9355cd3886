"""Templates: the recipes on offer."""

from carrel.domain.actor import Actor
from carrel.domain.errors import NotFound
from carrel.domain.ids import TemplateName
from carrel.domain.template import Template
from carrel.rules.access import Action, require
from carrel.services.context import Context
from carrel.store import templates


async def page(ctx: Context, actor: Actor) -> list[Template]:
    """The current version of each, by name."""
    require(actor, Action.SEE_POOLS)
    return await ctx.store.read(templates.every)


async def get(ctx: Context, actor: Actor, name: str) -> Template:
    require(actor, Action.SEE_POOLS)
    found = await ctx.store.read(templates.get, TemplateName(name))
    if found is None:
        raise NotFound(f"There is no template called {name[:60]!r}.")
    return found
