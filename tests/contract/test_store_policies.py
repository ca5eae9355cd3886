"""A pool's policy as it is changed by several at once, as it is in force, and who waits for it."""

import asyncio
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy import Connection

from carrel.domain.ids import PoolName
from carrel.store import pools, schema, waiting
from carrel.store.definitions import pool_to_json
from carrel.store.engine import Store

from .conftest import World


def one_more_warm(conn: Connection, name: PoolName, world: World) -> None:
    found = pools.hold(conn, name)
    assert found is not None
    pools.put(conn, replace(found, warm=found.warm + 1), world.now)


async def test_changes_at_once_lose_nothing(replicas: list[Store]) -> None:
    world = World(replicas[0])
    pool = await world.pool(warm=0, limit=50)
    await asyncio.gather(
        *(store.write(one_more_warm, pool.name, world) for store in replicas for _ in range(5))
    )
    found = await replicas[0].read(pools.get, pool.name)
    assert found is not None
    assert found.warm == 20


async def test_a_pool_that_was_removed_cannot_be_held(world: World) -> None:
    pool = await world.pool()
    await world.store.write(pools.remove, pool.name, world.now)
    assert await world.store.write(pools.hold, pool.name) is None


async def test_a_drained_pool_keeps_its_numbers_and_wants_nothing(world: World) -> None:
    pool = await world.pool(warm=3, draining=True, paused=True)
    assert await world.store.read(pools.get, pool.name) == pool
    [in_force] = await world.store.read(pools.reconciled)
    assert in_force == replace(pool, warm=0)


async def test_a_pool_written_before_there_was_draining_does_not_drain(world: World) -> None:
    pool = await world.pool(warm=2)

    def as_of_old(conn: Connection) -> None:
        definition = pool_to_json(pool)
        del definition["draining"]
        conn.execute(sa.update(schema.pools).values(definition=definition))

    await world.store.write(as_of_old)
    assert await world.store.read(pools.get, pool.name) == pool


async def test_who_waits_is_told_in_order_and_by_name(world: World) -> None:
    pool, other = await world.pool(limit=1), await world.pool(limit=1)
    people = []
    for name in ("ada", "grace", "barbara"):
        people.append(await world.user(name))
        await world.take(people[-1], pool)
        world.later()
    await world.take(people[0], other)
    found = await world.store.read(waiting.first, pool.name, 2)
    assert [(waiter.name, waiter.user_id) for waiter in found] == [
        ("ada", people[0].id),
        ("grace", people[1].id),
    ]
    assert found[0].since < found[1].since


async def test_who_holds_one_does_not_wait(world: World) -> None:
    pool = await world.pool()
    await world.warm(pool)
    await world.take(await world.user(), pool)
    assert await world.store.read(waiting.first, pool.name, 9) == []
