"""What would become of the pools of a template if it were changed so: the planner's own answer, pool by pool. Changes nothing."""

import asyncio
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from carrel.domain.actor import Actor
from carrel.domain.ids import TemplateName
from carrel.domain.pool import Pool
from carrel.domain.template import Template
from carrel.rules.access import Action, require
from carrel.rules.difference import Difference
from carrel.rules.foresee import Foreseen, foresee
from carrel.rules.policy import in_force
from carrel.rules.replacing import Replacing, replacing
from carrel.services import templates
from carrel.services.context import Context
from carrel.services.foreseeing import facts_of, listed, view_of
from carrel.services.templates import Change, Draft
from carrel.store import pools
from carrel.store.facts import Facts


@dataclass(frozen=True, slots=True)
class PoolChange:
    pool: Pool
    foreseen: Foreseen
    replacing: Replacing


@dataclass(frozen=True, slots=True)
class TemplatePreview:
    wanted: Template
    differences: tuple[Difference, ...]
    pools: tuple[PoolChange, ...]


async def preview(
    ctx: Context, actor: Actor, name: str, draft: Draft, base_version: str | None = None
) -> TemplatePreview:
    """Raises Invalid where the draft itself would be refused."""
    return await _of(ctx, actor, await templates.drafted(ctx, actor, name, draft, base_version))


async def preview_of_version(ctx: Context, actor: Actor, name: str, version: str) -> TemplatePreview:
    """What going back to it would do."""
    found = await templates.version(ctx, actor, name, version)
    return await _of(ctx, actor, Change(await templates.get(ctx, actor, name), found.template))


async def _of(ctx: Context, actor: Actor, change: Change) -> TemplatePreview:
    require(actor, Action.ADMINISTER)
    names = await ctx.store.read(_pools, change.wanted.name)
    changes = [await _in_pool(ctx, pool, change.wanted) for pool in names]
    return TemplatePreview(
        change.wanted, tuple(change.differences), tuple(one for one in changes if one is not None)
    )


def _pools(conn: Connection, template: TemplateName) -> list[Pool]:
    return [pool for pool in pools.every(conn) if pool.template == template]


async def _in_pool(ctx: Context, pool: Pool, wanted: Template) -> PoolChange | None:
    """None for a pool that was removed meanwhile."""
    listed_at = ctx.clock.now()
    instances = await listed(ctx, pool.backend)
    facts: Facts | None = await ctx.store.read(facts_of, ctx, pool)
    if facts is None:
        return None
    view = replace(view_of(facts, instances, listed_at), template=wanted)
    foreseen = await asyncio.to_thread(foresee, view, in_force(pool), ctx.clock.now())
    return PoolChange(pool, foreseen, replacing(view, in_force(pool), foreseen))
