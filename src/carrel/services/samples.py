"""How full the pools were: taken each minute, kept for a week, shown to admins."""

from datetime import timedelta
from typing import Final

from carrel.domain.actor import Actor
from carrel.domain.errors import NotFound
from carrel.domain.ids import PoolName
from carrel.domain.sample import Sample, Span
from carrel.rules.access import Action, require
from carrel.services.context import Context
from carrel.services.pools import no_pool
from carrel.store import pools, samples

KEPT: Final = timedelta(days=7)
EVERY: Final = 60.0
"""Seconds."""


async def history(ctx: Context, actor: Actor, span: Span) -> dict[PoolName, list[Sample]]:
    """Of every pool, oldest first. Those of a long span are joined."""
    require(actor, Action.ADMINISTER)
    return await ctx.store.read(samples.recent, ctx.clock.now() - span.length, span)


async def of_pool(ctx: Context, actor: Actor, name: str, span: Span) -> list[Sample]:
    """As `history`, of one. Raises NotFound."""
    require(actor, Action.ADMINISTER)
    pool = PoolName(name)
    if await ctx.store.read(pools.get, pool) is None:
        raise NotFound(no_pool(name))
    found = await ctx.store.read(samples.recent, ctx.clock.now() - span.length, span, pool)
    return found.get(pool, [])


async def keep_taking(ctx: Context) -> None:
    """One sample of every pool as each minute begins, for ever. Any number of replicas may do it."""
    while True:
        now = ctx.clock.now()
        await ctx.store.write(samples.take, now)
        await ctx.store.write(samples.forget, now - KEPT)
        await ctx.clock.sleep(EVERY - (now.second + now.microsecond / 1e6))
