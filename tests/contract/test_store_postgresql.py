"""What only PostgreSQL can do to us: be away, be full of connections, find a deadlock; and never a password in a sentence."""

import asyncio
import sys
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from carrel.domain.claim import ClaimState
from carrel.domain.errors import Internal, Unavailable
from carrel.domain.ids import ClaimId
from carrel.domain.reason import Reason, ReasonCode
from carrel.domain.workspace import Phase
from carrel.mint import new_id
from carrel.store import audit, claims, events, use, workspaces
from carrel.store.engine import Store, open_store

pytestmark = pytest.mark.postgresql

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
World = Any
CLAIM = ClaimId("c000000000000000")
BACK = Reason(ReasonCode.RELEASED, "You gave it back.")


@pytest.fixture
def engine_name() -> str:
    return "postgresql"


def _run(conn: Connection, statement: str) -> None:
    conn.execute(sa.text(statement))


async def _until_asleep(store: Store) -> None:
    """Until another transaction has come to its pg_sleep."""
    asleep = sa.text("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
    while not await store.read(lambda conn: conn.execute(asleep).scalar_one()):
        await asyncio.sleep(0.01)


def _write(conn: Connection, target: str) -> None:
    audit.add(conn, NOW, "ann", "did", target)


async def test_a_database_that_is_away_is_named_without_its_password(tmp_path: Any) -> None:
    store = open_store(f"postgresql+asyncpg://carrel:hunter2@/carrel?host={tmp_path}")
    with pytest.raises(Unavailable, match="does not answer") as caught:
        await store.read(audit.page)
    assert "hunter2" not in caught.value.sentence
    assert store.is_writable
    with pytest.raises(Unavailable):
        await store.write(_write, "lost")
    assert not store.is_writable
    await store.aclose()


async def test_a_database_that_does_not_exist_is_named(url: str) -> None:
    store = open_store(url.replace("/migrated?", "/nowhere?"))
    with pytest.raises(Unavailable, match="nowhere"):
        await store.read(audit.page)
    await store.aclose()


async def test_a_deadlock_is_tried_again_and_nobody_hears_of_it(store: Store, world: World) -> None:
    one, other = await world.pool(), await world.pool()
    tries = 0

    def crosswise(conn: Connection, first: str, second: str) -> None:
        nonlocal tries
        tries += 1
        for name in (first, second):
            conn.execute(
                sa.text("UPDATE pools SET changed_at = changed_at WHERE name = :name"), {"name": name}
            )
            conn.execute(sa.text("SELECT pg_sleep(0.05)"))

    await asyncio.gather(
        store.write(crosswise, one.name, other.name), store.write(crosswise, other.name, one.name)
    )
    assert tries >= 3


async def test_a_claim_and_a_workspace_that_come_at_the_same_moment_find_each_other(
    store: Store, world: World
) -> None:
    """Neither sees the other before both are committed, and nobody rings again: whoever is second must wait and look."""
    pool, user = await world.pool(), await world.user()
    late = await world.moved(await world.intended(pool), Phase.STARTING)

    def slow_take(conn: Connection) -> None:
        taken = claims.take(conn, claim_id=CLAIM, user_id=user.id, pool=pool, name="default", now=NOW)
        assert taken.claim.state is ClaimState.WAITING
        _run(conn, "SELECT pg_sleep(0.3)")

    def ready(conn: Connection) -> None:
        workspaces.move(conn, late.id, late.version, Phase.READY, NOW)

    taking = asyncio.create_task(store.write(slow_take))
    await _until_asleep(store)
    await store.write(ready)
    served = await store.write(claims.assign, pool.name, NOW)
    await taking
    assert [(claim.id, claim.workspace_id) for claim in served] == [(CLAIM, late.id)]


async def test_a_workspace_somebody_is_busy_with_is_stepped_around(store: Store, world: World) -> None:
    pool = await world.pool()
    (busy,) = await world.warm(pool)
    world.later()
    (free,) = await world.warm(pool)

    def slow_retire(conn: Connection) -> None:
        workspaces.move(conn, busy.id, busy.version, Phase.STOPPING, NOW)
        _run(conn, "SELECT pg_sleep(1)")

    retiring = asyncio.create_task(store.write(slow_retire))
    await _until_asleep(store)
    taken = await world.take(await world.user(), pool)
    assert not retiring.done()
    assert taken.claim.workspace_id == free.id
    await retiring


async def test_two_lines_with_one_number_are_no_failure(store: Store, world: World) -> None:
    """Who warns holds the workspace's row and who releases the claim's, and both write into the claim's timeline."""
    pool = await world.pool()
    (row,) = await world.warm(pool)
    claim = (await world.take(await world.user(), pool)).claim

    def slow_warning(conn: Connection) -> None:
        current = workspaces.get(conn, row.id)
        assert current is not None
        use.warned(conn, row.id, current.version, "It stops soon.", NOW)
        _run(conn, "SELECT pg_sleep(0.3)")

    warning = asyncio.create_task(store.write(slow_warning))
    await _until_asleep(store)
    assert await store.write(claims.release, claim.id, BACK, NOW) is not None
    await warning
    told = await store.read(events.of_claim, claim.id)
    assert [event.kind for event in told if event.kind in ("warned", "released")] == ["warned", "released"]


async def test_taking_and_releasing_lock_in_the_same_order(
    replicas: list[Store], world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With retries switched off a deadlock would show."""
    monkeypatch.setattr("carrel.store.postgres._COLLISIONS", frozenset())
    pool, user = await world.pool(per_user=8), await world.user()

    async def coming_and_going(number: int) -> None:
        store = replicas[number % 4]
        for _ in range(15):
            taken = await store.write(
                claims.take,
                claim_id=ClaimId(new_id()),
                user_id=user.id,
                pool=pool,
                name=f"n{number}",
                now=NOW,
            )
            await store.write(claims.release, taken.claim.id, BACK, NOW)

    await asyncio.gather(*map(coming_and_going, range(8)))
    assert await replicas[0].read(claims.live, pool.name) == []


async def test_a_cancelled_caller_leaves_nothing_half_done_and_no_lock(store: Store, world: World) -> None:
    await world.pool("locked")

    def slow(conn: Connection) -> None:
        conn.execute(sa.text("UPDATE pools SET changed_at = changed_at WHERE name = 'locked'"))
        _write(conn, "half")
        conn.execute(sa.text("SELECT pg_sleep(30)"))

    task = asyncio.create_task(store.write(slow))
    await _until_asleep(store)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(world.pool("locked"), 10)
    assert (await store.read(audit.page)).items == []


async def test_a_connection_that_was_cut_is_replaced(store: Store) -> None:
    await store.write(_write, "before")
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename = 'carrel'"
    other = open_store(store._engine.url.render_as_string(hide_password=False))  # type: ignore[attr-defined]
    await other.write(_run, cut)
    await other.aclose()
    await store.write(_write, "after")
    assert [entry.target for entry in (await store.read(audit.page)).items] == ["after", "before"]


async def test_a_reader_that_writes_is_our_own_mistake(store: Store) -> None:
    with pytest.raises(Internal, match="only to read"):
        await store.read(_write, "no")


def test_without_the_extra_the_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "carrel.store.postgres", raising=False)
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    with pytest.raises(Unavailable, match=r"carrel\[postgresql\]"):
        open_store("postgresql+asyncpg://carrel@/carrel")
