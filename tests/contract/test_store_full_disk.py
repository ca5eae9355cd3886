"""The store on a disk that somebody else filled to the last byte: it lives on what it had set aside, and says when that is used up."""

import os
import shutil
import stat
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection
from structlog.testing import capture_logs
from tests.small_disks import KIB, fill, small_disk

from carrel.domain.errors import Unavailable
from carrel.drivers.docker.disks import _SCRAPS
from carrel.store import audit, ballast
from carrel.store.ballast import Ballast
from carrel.store.engine import Store, open_store

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


@pytest.fixture
def engine_name() -> str:
    return "sqlite"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "small", 8) as mounted:
        yield mounted


@pytest.fixture
async def store(disk: Path, migrated_file: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Store]:
    monkeypatch.setattr(ballast, "SIZE", 512 * KIB)
    monkeypatch.setattr(ballast, "PIECE", 128 * KIB)
    shutil.copyfile(migrated_file, disk / "carrel.sqlite")
    opened = open_store(f"sqlite:///{disk / 'carrel.sqlite'}")
    await opened.keep_room()
    yield opened
    await opened.aclose()


def _write(conn: Connection, target: str) -> None:
    audit.add(conn, NOW, "ann", "did", target, "x" * 20_000)


def _nothing(_conn: Connection) -> None:
    """A transaction that changes no row."""


def _set_aside(disk: Path) -> int:
    return ballast.kept(disk / "carrel.sqlite")


async def test_who_fills_the_disk_stops_nobody_and_all_is_put_back_when_there_is_room(
    store: Store, disk: Path
) -> None:
    assert _set_aside(disk) == 512 * KIB
    assert (disk / "carrel.sqlite-ballast").stat().st_blocks * 512 == 512 * KIB, "really there"
    assert stat.S_IMODE((disk / "carrel.sqlite-ballast").stat().st_mode) == 0o600
    fill(disk)
    targets = [str(number) for number in range(10)]
    with capture_logs() as logged:
        for target in targets:
            await store.write(_write, target)
    assert [entry.target for entry in (await store.read(audit.page, limit=50)).items] == targets[::-1]
    assert [entry["log_level"] for entry in logged] == ["error"], "told once"
    assert str(disk) in logged[0]["why"]
    assert 0 < _set_aside(disk) < 512 * KIB, "as much as was needed and no more"
    assert store.is_writable
    await store.keep_room()
    assert _set_aside(disk) < 512 * KIB, "not while there is no room"
    (disk / "big").unlink()
    await store.keep_room()
    assert _set_aside(disk) == 512 * KIB


async def test_one_who_takes_all_that_is_given_up_is_told_of_until_a_write_succeeds(
    store: Store, disk: Path
) -> None:
    written = []

    async def on() -> None:
        for number in range(200):
            fill(disk)
            await store.write(_write, str(number))
            written.append(str(number))

    with pytest.raises(Unavailable, match=r"The file .* cannot be written, because its disk is full\. Free"):
        await on()
    assert written
    assert _set_aside(disk) == 0
    assert not store.is_writable
    await store.write(_nothing)
    assert not store.is_writable, "nothing was written"
    (disk / "big").unlink()
    await store.write(_write, "room again")
    assert store.is_writable
    assert [entry.target for entry in (await store.read(audit.page, limit=500)).items] == [
        "room again",
        *written[::-1],
    ]


async def test_others_get_room_on_a_full_disk_and_only_there(store: Store, disk: Path) -> None:
    assert not await store.make_room()
    fill(disk)
    assert await store.make_room()
    (disk / "run").write_bytes(bytes(100 * KIB))


async def test_a_disk_with_little_room_is_not_filled_up_by_us(
    disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ballast, "SIZE", 1 << 20)
    Ballast(disk / "carrel.sqlite").keep()
    assert _set_aside(disk) == 0


async def test_where_nothing_can_be_allocated_beforehand_zeros_are_written(
    disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cannot(_descriptor: int, _start: int, _length: int) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "posix_fallocate", cannot)
    monkeypatch.setattr(ballast, "SIZE", 300 * KIB)
    monkeypatch.setattr(ballast, "PIECE", 128 * KIB)
    Ballast(disk / "carrel.sqlite").keep()
    assert (disk / "carrel.sqlite-ballast").stat().st_blocks * 512 == 300 * KIB


def test_a_place_where_nothing_can_be_made_is_told_once_and_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "carrel.sqlite-ballast").symlink_to(tmp_path / "elsewhere")
    kept = Ballast(tmp_path / "carrel.sqlite")
    with capture_logs() as logged:
        kept.keep()
        kept.keep()
    assert len(logged) == 1
    assert not (tmp_path / "elsewhere").exists()


def test_a_disk_on_which_a_piece_was_given_up_still_counts_as_full_for_people() -> None:
    assert ballast.PIECE < _SCRAPS
