"""Pools: what people may claim, how full each is, and the few knobs an admin turns while it runs."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from carrel.domain.actor import Actor
from carrel.domain.errors import NotFound
from carrel.domain.ids import BackendName, PoolName
from carrel.domain.pool import Pool
from carrel.domain.queue import Estimate
from carrel.domain.template import HomeKind, Template
from carrel.ports.driver import StartsWithHome, brings_files_at_start
from carrel.ports.wake import pool_topic
from carrel.rules.access import Action, is_admin, require
from carrel.rules.policy import PolicyChange, changed, differences, require_unchanged
from carrel.services import failures
from carrel.services.context import Context
from carrel.services.outlook import of_newcomer
from carrel.store import audit, pools, templates, waiting
from carrel.store.pools import Counts
from carrel.store.waiting import Waiter


@dataclass(frozen=True, slots=True)
class PoolView:
    pool: Pool
    template: Template | None
    counts: Counts
    estimate: Estimate | None = None
    """How long whoever asks now would wait. None where one is warm, and where nobody knows."""
    trouble: str | None = None
    """Why its newest start failed or cannot be tried, in words. None as soon as one worked after it."""
    started_for_people: str | None = None
    """Why each is started for its person and none kept warm, to go on from "because". None where that is not so."""

    @property
    def free(self) -> int:
        """How many of the warm ones nobody waits for: whoever asks now has one at once. Below 0 more people wait than are warm."""
        return self.counts.ready - self.counts.waiting


async def page(ctx: Context, actor: Actor) -> list[PoolView]:
    """All of them, by name. There are never so many that they need paging."""
    require(actor, Action.SEE_POOLS)
    return await ctx.store.read(_all, ctx, actor, ctx.clock.now())


def _all(conn: Connection, ctx: Context, actor: Actor, now: datetime) -> list[PoolView]:
    return [_with_prospects(conn, actor, view, now) for view in _counted(conn, ctx)]


def _with_prospects(conn: Connection, actor: Actor, view: PoolView, now: datetime) -> PoolView:
    name, counts = view.pool.name, view.counts
    wait = of_newcomer(conn, name, counts.waiting, now) if not counts.ready else None
    return replace(view, estimate=wait, trouble=_trouble(conn, actor, name))


def _counted(conn: Connection, ctx: Context) -> list[PoolView]:
    counts = pools.counts(conn)
    current = {template.name: template for template in templates.every(conn)}
    return [
        PoolView(
            pool,
            current.get(pool.template),
            counts.get(pool.name, Counts()),
            started_for_people=why_started_for_people(ctx, pool.backend, current.get(pool.template)),
        )
        for pool in pools.every(conn)
    ]


def why_started_for_people(ctx: Context, backend: BackendName, template: Template | None) -> str | None:
    """None where some can be warm, and where its backend is not open here."""
    driver: object = ctx.drivers.get(backend)
    keeps_files = template is not None and template.home is HomeKind.PERSISTENT
    if not keeps_files or not isinstance(driver, StartsWithHome) or not brings_files_at_start(driver):
        return None
    return driver.starts_with_home.strip().removesuffix(".")


async def counted(ctx: Context, actor: Actor) -> list[PoolView]:
    """As `page`, without how long anybody would wait and what troubles it, which costs a look for each."""
    require(actor, Action.SEE_POOLS)
    return await ctx.store.read(_counted, ctx)


async def ready_now(ctx: Context, actor: Actor) -> list[PoolView]:
    """Only those in which whoever asks now need not wait. Costs a few looks however many pools there are."""
    require(actor, Action.SEE_POOLS)
    return [view for view in await ctx.store.read(_counted, ctx) if view.free > 0]


def _trouble(conn: Connection, actor: Actor, name: PoolName) -> str | None:
    """What was recorded may name places on the machine: that is for admins."""
    failure = failures.of_pool(conn, name)
    if failure is None:
        return None
    return failure.told if is_admin(actor) else failure.cause.sentence


async def get(ctx: Context, actor: Actor, name: str) -> PoolView:
    """Raises NotFound."""
    require(actor, Action.SEE_POOLS)
    return await ctx.store.read(_one, ctx, actor, name, ctx.clock.now())


def _one(conn: Connection, ctx: Context, actor: Actor, name: str, now: datetime) -> PoolView:
    for view in _counted(conn, ctx):
        if view.pool.name == name:
            return _with_prospects(conn, actor, view, now)
    raise NotFound(no_pool(name))


async def change(
    ctx: Context, actor: Actor, name: str, wanted: PolicyChange, *, seen: Mapping[str, object] | None = None
) -> PoolView:
    """Change only what is named. It holds until the configuration file says otherwise at the next start.

    `seen` is what whoever changes it was shown: where somebody else set the same field meanwhile, Conflict says so.
    """
    require(actor, Action.ADMINISTER)

    def write(conn: Connection) -> None:
        found = pools.hold(conn, PoolName(name))
        if found is None:
            raise NotFound(no_pool(name))
        require_unchanged(found, seen or {}, wanted)
        becomes = changed(found, wanted)
        if told := differences(found, becomes):
            pools.put(conn, becomes, ctx.clock.now())
            audit.add(conn, ctx.clock.now(), audit.name_of(actor), "change", f"pool:{name}", ", ".join(told))

    await ctx.store.write(write)
    ctx.wake.ring(pool_topic(name))
    return await get(ctx, actor, name)


async def queue(ctx: Context, actor: Actor, name: str, most: int = 20) -> list[Waiter]:
    """Who waits, the next one first. For admins."""
    require(actor, Action.ADMINISTER)
    return await ctx.store.read(waiting.first, PoolName(name), most)


def no_pool(name: str) -> str:
    return f"There is no pool called {name[:60]!r}."
