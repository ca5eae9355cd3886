"""What only PostgreSQL can do to us: be away, be full of connections, find a deadlock; and never a password in a sentence."""

import asyncio
import sys
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from carrel.domain.errors import Internal, Unavailable
from carrel.store import audit
from carrel.store.engine import Store, open_store

pytestmark = pytest.mark.postgresql

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
World = Any


@pytest.fixture
def engine_name() -> str:
    return "postgresql"


def _write(conn: Connection, target: str) -> None:
    audit.add(conn, NOW, "ann", "did", target)


async def test_a_database_that_is_away_is_named_without_its_password(tmp_path: Any) -> None:
    store = open_store(f"postgresql+asyncpg://carrel:hunter2@/carrel?host={tmp_path}")
    with pytest.raises(Unavailable, match="does not answer") as caught:
        await store.read(audit.page)
    assert "hunter2" not in caught.value.sentence
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


async def test_a_cancelled_caller_leaves_nothing_half_done_and_no_lock(store: Store, world: World) -> None:
    await world.pool("locked")

    def slow(conn: Connection) -> None:
        conn.execute(sa.text("UPDATE pools SET changed_at = changed_at WHERE name = 'locked'"))
        _write(conn, "half")
        conn.execute(sa.text("SELECT pg_sleep(30)"))

    task = asyncio.create_task(store.write(slow))
    asleep = sa.text("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
    while not await store.read(lambda conn: conn.execute(asleep).scalar_one()):
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(world.pool("locked"), 10)
    assert (await store.read(audit.page)).items == []


async def test_a_connection_that_was_cut_is_replaced(store: Store) -> None:
    await store.write(_write, "before")
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename = 'carrel'"
    other = open_store(store._engine.url.render_as_string(hide_password=False))  # type: ignore[attr-defined]
    await other.write(lambda conn: conn.execute(sa.text(cut)).all() and None)
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
