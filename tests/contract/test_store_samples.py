"""Samples of how full the pools were: one a minute, joined for long spans, forgotten after a while."""

from datetime import timedelta

from carrel.domain.pool import Pool
from carrel.domain.reason import Reason, ReasonCode
from carrel.domain.sample import Sample, Span
from carrel.domain.workspace import Phase, Workspace
from carrel.store import pools, samples, workspaces
from carrel.store.engine import Store

from .conftest import World

MINUTE = timedelta(minutes=1)
CRASHED = Reason(ReasonCode.CRASHED, "The command ended with exit status 1.")


async def failed(world: World, workspace: Workspace) -> Workspace:
    found = await world.store.write(
        workspaces.move, workspace.id, workspace.version, Phase.FAILED, world.now, reason=CRASHED
    )
    assert found is not None
    return found


async def taken(world: World, pool: Pool) -> list[Sample]:
    await world.store.write(samples.take, world.now)
    found = await world.store.read(samples.recent, world.now - Span.HOURS.length, Span.HOURS)
    return found[pool.name]


async def test_a_sample_counts_what_is_there(world: World) -> None:
    pool = await world.pool(limit=9, per_user=2)
    await world.warm(pool, 3)
    await world.intended(pool)
    user = await world.user()
    await world.take(user, pool)
    [found] = await taken(world, pool)
    minute = world.now.replace(second=0, microsecond=0)
    assert found == Sample(pool.name, minute, ready=2, starting=1, claimed=1, waiting=0, failed=0)


async def test_of_several_replicas_the_first_one_of_a_minute_counts(world: World) -> None:
    pool = await world.pool()
    assert await world.store.write(samples.take, world.now) == 1
    await world.warm(pool)
    assert await world.store.write(samples.take, world.later(20)) == 0
    assert [found.ready for found in await taken(world, pool)] == [0]
    world.later(60)
    assert [found.ready for found in await taken(world, pool)] == [0, 1]


async def test_a_failed_start_counts_once_wherever_it_is_by_then(world: World) -> None:
    pool = await world.pool()
    await taken(world, pool)
    world.later(5)
    still_there = await failed(world, await world.intended(pool))
    gone = await failed(world, await world.intended(pool))
    await world.moved(gone, Phase.STOPPING, Phase.GONE)
    world.later(60)
    assert [found.failed for found in await taken(world, pool)] == [0, 2]
    await world.moved(still_there, Phase.STOPPING, Phase.GONE)
    world.later(60)
    assert [found.failed for found in await taken(world, pool)] == [0, 2, 0]


async def test_only_what_was_ready_for_long_is_no_failed_start(world: World) -> None:
    pool = await world.pool()
    [long_ready, briefly_ready] = await world.warm(pool, 2)
    await taken(world, pool)
    world.later(10)
    await failed(world, briefly_ready)
    world.later(50)
    await failed(world, long_ready)
    world.later(60)
    assert [found.failed for found in await taken(world, pool)] == [0, 1]


async def test_a_removed_pool_is_sampled_no_more(world: World) -> None:
    pool = await world.pool()
    await world.store.write(pools.remove, pool.name, world.now)
    assert await world.store.write(samples.take, world.now) == 0


async def _a_day(world: World, pool: Pool) -> None:
    start = world.now.replace(hour=0, minute=0, second=0, microsecond=0)

    def write(conn: object) -> None:
        for number in range(24 * 60):
            sample = Sample(
                pool.name, start + number * MINUTE, number % 7, 0, number % 60, 0, int(number % 10 == 3)
            )
            assert samples.add(conn, sample)  # type: ignore[arg-type]

    await world.store.write(write)
    world.now = start + timedelta(days=1)


async def test_a_long_span_is_joined_to_its_fullest_moments(world: World) -> None:
    pool, other = await world.pool(), await world.pool()
    await _a_day(world, pool)
    await world.store.write(samples.add, Sample(other.name, world.now - MINUTE, 1, 2, 3, 4, 5))
    day = await world.store.read(samples.recent, world.now - Span.DAY.length, Span.DAY)
    week = await world.store.read(samples.recent, world.now - Span.WEEK.length, Span.WEEK, pool.name)
    assert len(day[pool.name]) == 24 * 6
    assert day[other.name] == [Sample(other.name, world.now - MINUTE, 1, 2, 3, 4, 5)]
    assert list(week) == [pool.name]
    assert [found.at.minute for found in week[pool.name][1:]] == [0] * 23
    assert {(found.ready, found.claimed, found.failed) for found in week[pool.name][1:]} == {(0, 59, 6)}


async def test_old_samples_are_forgotten(world: World) -> None:
    pool = await world.pool()
    await _a_day(world, pool)
    await world.store.write(samples.forget, world.now - timedelta(hours=1))
    left = await world.store.read(samples.recent, world.now - Span.WEEK.length, Span.HOURS)
    assert len(left[pool.name]) == 60


async def test_a_store_without_samples_has_none(store: Store, world: World) -> None:
    assert await store.read(samples.recent, world.now, Span.WEEK) == {}
