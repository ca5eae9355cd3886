"""The store in a file: private, one writer, whole transactions, and plain words when the file or its disk fails."""

import asyncio
import os
import stat
import subprocess
import threading
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection
from tests import small_disks

from carrel.domain.errors import Internal, Invalid, Unavailable
from carrel.domain.ids import PoolName
from carrel.domain.workspace import Phase
from carrel.store import audit, workspaces
from carrel.store.engine import Store, open_store

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


@pytest.fixture
def engine_name() -> str:
    return "sqlite"


@pytest.fixture
def path(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def _write(conn: Connection, target: str, detail: str = "") -> None:
    audit.add(conn, NOW, "ann", "did", target, detail)


async def _targets(store: Store) -> list[str]:
    return [entry.target for entry in (await store.read(audit.page, limit=500)).items][::-1]


async def test_the_file_and_its_companions_are_private(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "state"
    store = open_store(f"sqlite:///{folder / 'carrel.sqlite'}")
    try:
        await store.migrate()
        modes = {entry.name: stat.S_IMODE(entry.stat().st_mode) for entry in folder.iterdir()}
    finally:
        await store.aclose()
    assert modes == {"carrel.sqlite": 0o600, "carrel.sqlite-wal": 0o600, "carrel.sqlite-shm": 0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


async def test_a_file_that_was_open_to_others_is_closed_to_them(path: Path, url: str) -> None:
    path.chmod(0o644)
    store = open_store(url)
    await store.write(_write, "one")
    assert {stat.S_IMODE(each.stat().st_mode) for each in path.parent.glob("carrel.sqlite*")} == {0o600}
    await store.aclose()


async def test_the_promises_of_the_file_are_switched_on(store: Store) -> None:
    def pragmas(conn: Connection) -> dict[str, Any]:
        names = ("journal_mode", "synchronous", "foreign_keys", "query_only")
        return {name: conn.execute(sa.text(f"PRAGMA {name}")).scalar_one() for name in names}

    expected = {"journal_mode": "wal", "synchronous": 1, "foreign_keys": 1}
    assert await store.write(pragmas) == {**expected, "query_only": 0}
    assert await store.read(pragmas) == {**expected, "query_only": 1}


async def test_what_fails_in_the_middle_leaves_nothing(store: Store) -> None:
    def half(conn: Connection) -> None:
        _write(conn, "half")
        raise LookupError("on purpose")

    with pytest.raises(LookupError, match="on purpose"):
        await store.write(half)
    await store.write(_write, "whole")
    assert await _targets(store) == ["whole"]


async def test_a_cancelled_caller_leaves_its_transaction_whole(store: Store) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(conn: Connection) -> None:
        _write(conn, "first half")
        begun.set()
        assert go_on.wait(10)
        _write(conn, "second half")

    running = asyncio.create_task(store.write(slow))
    await asyncio.get_running_loop().run_in_executor(None, begun.wait, 10)
    queued = asyncio.create_task(store.write(_write, "never begun"))
    await asyncio.sleep(0)
    for task in (running, queued):
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    go_on.set()
    await store.write(_write, "after")
    assert await _targets(store) == ["first half", "second half", "after"]


async def test_readers_go_on_while_somebody_writes(store: Store) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(conn: Connection) -> None:
        _write(conn, "unseen")
        begun.set()
        assert go_on.wait(10)

    writing = asyncio.create_task(store.write(slow))
    await asyncio.get_running_loop().run_in_executor(None, begun.wait, 10)
    assert await _targets(store) == []
    go_on.set()
    await writing
    assert await _targets(store) == ["unseen"]


async def test_a_reader_that_writes_is_our_own_mistake(store: Store) -> None:
    with pytest.raises(Internal, match="only to read"):
        await store.read(_write, "no")
    assert await _targets(store) == []


async def test_what_was_queued_is_done_before_closing_and_nothing_after(url: str) -> None:
    store = open_store(url)
    queued = [asyncio.create_task(store.write(_write, str(number))) for number in range(50)]
    await asyncio.sleep(0)
    await store.aclose()
    await asyncio.gather(*queued)
    with pytest.raises(Unavailable, match="stopping"):
        await store.write(_write, "late")
    await store.aclose()
    again = open_store(url)
    assert await _targets(again) == [str(number) for number in range(50)]
    await again.aclose()


async def test_a_full_file_says_so_and_loses_nothing(store: Store) -> None:
    """As a full disk, without one: the file may not grow."""
    await store.write(_write, "before")

    def too_much(conn: Connection) -> None:
        pages = conn.execute(sa.text("PRAGMA page_count")).scalar_one()
        conn.execute(sa.text(f"PRAGMA max_page_count = {pages}"))
        for number in range(100):
            _write(conn, f"lost {number}", "x" * 10_000)

    with pytest.raises(Unavailable, match=r"The file .* cannot be written, because its disk is full"):
        await store.write(too_much)
    await store.write(_write, "after")
    assert await _targets(store) == ["before", "after"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with small_disks.small_disk(tmp_path / "small", 2) as mounted:
        yield mounted


@pytest.fixture
async def on_small_disk(small_disk: Path) -> AsyncIterator[Store]:
    store = open_store(f"sqlite:///{small_disk / 'carrel.sqlite'}")
    await store.migrate()
    yield store
    await store.aclose()


async def test_a_full_disk_says_so_and_everything_confirmed_is_there(
    on_small_disk: Store, small_disk: Path
) -> None:
    confirmed = []

    async def fill() -> None:
        for number in range(1000):
            await on_small_disk.write(_write, str(number), "x" * 20_000)
            confirmed.append(str(number))

    with pytest.raises(Unavailable, match="is full"):
        await fill()
    assert confirmed
    assert await _targets(on_small_disk) == confirmed
    subprocess.run(["mount", "-o", "remount,size=8m", small_disk], check=True)
    await on_small_disk.write(_write, "room again")
    assert await _targets(on_small_disk) == [*confirmed, "room again"]


async def test_a_file_that_is_no_database_is_named(path: Path, url: str) -> None:
    path.write_bytes(b"this is not a database, and long enough to be asked " * 100)
    store = open_store(url)
    with pytest.raises(Unavailable, match=rf"{path} is not a database"):
        await store.migrate()
    with pytest.raises(Unavailable, match="is not a database"):
        await store.read(audit.page)
    await store.aclose()


async def test_a_damaged_file_is_named(path: Path, url: str) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    store = open_store(url)
    with pytest.raises(Unavailable, match=rf"{path} is damaged"):
        await store.read(audit.page)
    await store.aclose()


async def test_a_file_put_right_is_used_again_without_a_restart(path: Path, url: str) -> None:
    whole = path.read_bytes()
    path.write_bytes(b"broken" * 1000)
    store = open_store(url)
    with pytest.raises(Unavailable):
        await store.write(_write, "one")
    path.write_bytes(whole)
    await store.write(_write, "two")
    assert await _targets(store) == ["two"]
    await store.aclose()


def test_a_path_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    for wrong in (tmp_path / "file" / "carrel.sqlite", tmp_path / "folder"):
        with pytest.raises(Unavailable, match=rf"{wrong} cannot be opened \("):
            open_store(f"sqlite:///{wrong}")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(Unavailable, match="Permission denied"):
        open_store(f"sqlite:///{tmp_path / 'carrel.sqlite'}")


async def test_a_file_held_by_another_program_is_waited_for_and_then_named(
    path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("carrel.store.sqlite._BUSY_SECONDS", 0.2)
    store, other = open_store(url), sa.create_engine(url)
    with other.connect() as conn:
        conn.exec_driver_sql("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable, match="held by another program"):
            await store.write(_write, "one")
        conn.rollback()
    await store.write(_write, "two")
    assert await _targets(store) == ["two"]
    await store.aclose()
    other.dispose()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_database_in_memory_is_refused(url: str) -> None:
    with pytest.raises(Invalid, match="in memory"):
        open_store(url)


@pytest.mark.parametrize("url", ["nonsense", "mysql://x/y", ""])
def test_an_address_of_something_else_is_refused(url: str) -> None:
    with pytest.raises(Invalid):
        open_store(url)


def _steps(conn: Connection, pool: PoolName) -> int:
    """What reading the live ones costs, in SQLite's own small steps."""
    raw = conn.connection.driver_connection
    assert raw is not None
    taken = 0

    def count() -> None:
        nonlocal taken
        taken += 1

    raw.set_progress_handler(count, 1)
    try:
        workspaces.of_pool(conn, pool)
    finally:
        raw.set_progress_handler(None, 1)
    return taken


async def test_what_is_long_gone_is_not_read_when_a_pool_is_looked_at(world: Any, store: Store) -> None:
    pool = await world.pool(limit=5)
    await world.intended(pool)
    before = await store.read(_steps, pool.name)
    for _ in range(40):
        row = await world.intended(pool)
        row = await world.moved(row, Phase.STARTING)
        row = await world.moved(row, Phase.READY)
        row = await world.moved(row, Phase.STOPPING)
        await world.moved(row, Phase.GONE)
    assert await store.read(_steps, pool.name) <= before + 20
