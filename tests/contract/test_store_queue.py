"""What those who wait may know of their pool, on both engines."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from carrel.domain.ids import PoolName
from carrel.domain.reason import Reason, ReasonCode
from carrel.domain.workspace import Phase, Workspace
from carrel.store import events, pools, queue, workspaces
from carrel.store.engine import Store

World = Any


async def failed(world: World, row: Workspace) -> None:
    """As the reconciler writes it down."""
    reason = Reason(ReasonCode.CRASHED, "Why.")
    now = world.now
    assert await world.store.write(workspaces.move, row.id, row.version, Phase.STOPPING, now, reason=reason)
    await world.store.write(_told, row, now)
    await world.moved(replace(row, version=row.version + 1), Phase.GONE)


def _told(conn: Connection, row: Workspace, now: datetime) -> None:
    events.about_pool(conn, now, "failed", "Why.", pool=row.pool, workspace_id=row.id)


async def test_what_is_on_its_way_is_told_oldest_first_and_no_further_than_the_place(
    world: World, store: Store
) -> None:
    pool = await world.pool(limit=5)
    started_at = world.now
    first = await world.intended(pool)
    await world.moved(first, Phase.STARTING)
    second_at = world.later()
    await world.intended(pool)
    await world.intended(await world.pool())
    seen = await store.read(queue.seen_from, pool.name, 9)
    assert [(one.created_at, one.phase, one.has_address) for one in seen.coming] == [
        (started_at, Phase.STARTING, False),
        (second_at, Phase.PENDING, False),
    ]
    assert (seen.limit, seen.room, seen.is_paused, seen.is_failing) == (5, 3, False, False)
    assert len((await store.read(queue.seen_from, pool.name, 1)).coming) == 1


async def test_what_is_warm_held_or_ending_is_not_on_its_way(world: World, store: Store) -> None:
    pool = await world.pool(limit=5)
    await world.warm(pool, 2)
    await world.take(await world.user(), pool)
    await world.moved(await world.intended(pool), Phase.STOPPING)
    seen = await store.read(queue.seen_from, pool.name, 9)
    assert (seen.coming, seen.room) == ((), 2)
    assert seen.start_times == (timedelta(0), timedelta(0))


async def test_a_pool_that_was_removed_or_is_full_or_paused_says_so(world: World, store: Store) -> None:
    removed = await world.pool()
    await store.write(pools.remove, removed.name, world.now)
    gone = await store.read(queue.seen_from, removed.name, 1)
    assert (gone.limit, gone.room, gone.is_paused) == (0, 0, True)
    full = await world.pool(limit=1, paused=True)
    await world.intended(full)
    await store.write(pools.put, await world.pool(full.name, limit=0, paused=True), world.now)
    seen = await store.read(queue.seen_from, full.name, 1)
    assert (seen.room, seen.is_paused) == (0, True)


async def test_a_pool_fails_from_a_failed_start_until_one_comes_up(world: World, store: Store) -> None:
    pool = await world.pool(limit=9)

    async def is_failing() -> bool:
        return (await store.read(queue.seen_from, pool.name, 1)).is_failing

    await world.warm(pool)
    assert not await is_failing()
    world.later()
    await failed(world, await world.intended(pool))
    assert await is_failing()
    assert not (await store.read(queue.seen_from, (await world.pool()).name, 1)).is_failing
    world.later()
    await world.warm(pool)
    assert not await is_failing()


def _steps(conn: Connection, pool: PoolName) -> int:
    """What one look costs, in SQLite's own small steps."""
    raw = conn.connection.driver_connection
    assert raw is not None
    taken = 0

    def count() -> None:
        nonlocal taken
        taken += 1

    raw.set_progress_handler(count, 1)
    try:
        queue.seen_from(conn, pool, 3)
    finally:
        raw.set_progress_handler(None, 1)
    return taken


@pytest.mark.parametrize("engine_name", ["sqlite"])
async def test_what_failed_long_ago_is_not_read(world: World, store: Store) -> None:
    pool = await world.pool(limit=60)
    await world.warm(pool, queue.LAST_STARTS)
    await failed(world, await world.intended(pool))
    before = await store.read(_steps, pool.name)
    for _ in range(40):
        world.later()
        await failed(world, await world.intended(pool))
    assert await store.read(_steps, pool.name) <= before + 20
