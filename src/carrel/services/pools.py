"""Pools: what people may claim, how full each is, and the few knobs an admin turns while it runs."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from carrel.domain.actor import Actor
from carrel.domain.errors import Invalid, NotFound
from carrel.domain.ids import PoolName
from carrel.domain.pool import Pool
from carrel.domain.queue import Estimate
from carrel.domain.template import Template
from carrel.ports.wake import pool_topic
from carrel.rules.access import Action, require
from carrel.services.context import Context
from carrel.services.outlook import of_newcomer
from carrel.store import audit, pools, templates
from carrel.store.pools import Counts


@dataclass(frozen=True, slots=True)
class PoolView:
    pool: Pool
    template: Template | None
    counts: Counts
    estimate: Estimate | None = None
    """How long whoever asks now would wait. None where one is warm, and where nobody knows."""


async def page(ctx: Context, actor: Actor) -> list[PoolView]:
    """All of them, by name. There are never so many that they need paging."""
    require(actor, Action.SEE_POOLS)
    return await ctx.store.read(_all, ctx.clock.now())


def _all(conn: Connection, now: datetime) -> list[PoolView]:
    counts = pools.counts(conn)
    current = {template.name: template for template in templates.every(conn)}
    empty = Counts(ready=0, starting=0, claimed=0, stopping=0, failed=0, waiting=0)
    return [
        PoolView(
            pool,
            current.get(pool.template),
            found := counts.get(pool.name, empty),
            of_newcomer(conn, pool.name, found.waiting, now) if not found.ready else None,
        )
        for pool in pools.every(conn)
    ]


async def get(ctx: Context, actor: Actor, name: str) -> PoolView:
    for view in await page(ctx, actor):
        if view.pool.name == name:
            return view
    raise NotFound(f"There is no pool called {name[:60]!r}.")


async def change(
    ctx: Context,
    actor: Actor,
    name: str,
    *,
    paused: bool | None = None,
    warm: int | None = None,
    limit: int | None = None,
) -> PoolView:
    """Change only what is given. It holds until the configuration file says otherwise at the next start."""
    require(actor, Action.ADMINISTER)

    def write(conn: Connection) -> None:
        found = pools.get(conn, PoolName(name))
        if found is None:
            raise NotFound(f"There is no pool called {name[:60]!r}.")
        wanted = replace(
            found,
            paused=found.paused if paused is None else paused,
            warm=found.warm if warm is None else warm,
            limit=found.limit if limit is None else limit,
        )
        if wanted.warm > wanted.limit:
            raise Invalid(
                f"warm ({wanted.warm}) cannot be more than limit ({wanted.limit}). Raise the limit too."
            )
        pools.put(conn, wanted, ctx.clock.now())
        told = f"warm {wanted.warm}, limit {wanted.limit}, {'paused' if wanted.paused else 'running'}"
        audit.add(conn, ctx.clock.now(), audit.name_of(actor), "change", f"pool:{name}", told)

    await ctx.store.write(write)
    ctx.wake.ring(pool_topic(name))
    return await get(ctx, actor, name)
