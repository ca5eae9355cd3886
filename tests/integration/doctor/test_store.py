"""Findings about the store, from real files that are missing, foreign, damaged or of another version."""

import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from carrel.app.doctor import store as gathered
from carrel.clock import SystemClock
from carrel.domain.finding import Outcome
from carrel.rules.checkup import store
from carrel.store import ballast
from carrel.store.revision import HEAD

from .examined import findings, is_well, patient_of, produced

ELSEWHERE = "postgresql+asyncpg://carrel@localhost:1/carrel"


@pytest.fixture
def state(tables: Path, tmp_path: Path) -> Path:
    """A state directory with the tables of this version."""
    (tmp_path / "S").mkdir(mode=0o700)
    shutil.copy(tables, tmp_path / "S" / "carrel.sqlite")
    return tmp_path / "S"


async def test_a_store_of_this_version_is_well(state: Path) -> None:
    for kind in (store.REACHED, store.WHOLE, store.FILE_SYSTEM):
        found = await findings(patient_of(state), kind)
        assert found
        assert {one.outcome for one in found} == {Outcome.GOOD}, found


async def test_before_the_first_start_there_is_none_and_none_is_made(tmp_path: Path) -> None:
    assert is_well(await findings(patient_of(tmp_path / "S"), store.REACHED), "CRL401")
    assert not (tmp_path / "S").exists()


async def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "S").mkdir()
    (tmp_path / "S" / "carrel.sqlite").write_text("Dear diary, " * 1000)
    found = await findings(patient_of(tmp_path / "S"), store.REACHED)
    assert "not a database" in produced(found, "CRL401", Outcome.BAD).found
    produced(await findings(patient_of(tmp_path / "S"), store.WHOLE), "CRL403", Outcome.BAD)


async def test_a_database_server_that_is_away(tmp_path: Path) -> None:
    found = await findings(patient_of(tmp_path / "S", database_url=ELSEWHERE), store.REACHED)
    assert "does not answer" in produced(found, "CRL401", Outcome.BAD).found


@pytest.mark.parametrize(
    ("revision", "outcome"), [("0001", Outcome.WARNING), ("9999", Outcome.BAD)], ids=["older", "newer"]
)
async def test_tables_of_another_version(state: Path, revision: str, outcome: Outcome) -> None:
    with closing(sqlite3.connect(state / "carrel.sqlite")) as conn, conn:
        conn.execute("UPDATE alembic_version SET version_num = ?", (revision,))
    found = await findings(patient_of(state), store.REVISION)
    assert revision in produced(found, "CRL402", outcome).found


async def test_a_database_without_tables(tmp_path: Path) -> None:
    (tmp_path / "S").mkdir()
    with closing(sqlite3.connect(tmp_path / "S" / "carrel.sqlite")) as conn, conn:
        conn.execute("CREATE TABLE something (x)")
    produced(await findings(patient_of(tmp_path / "S"), store.REVISION), "CRL402", Outcome.WARNING)


async def test_a_damaged_file(state: Path) -> None:
    path = state / "carrel.sqlite"
    with closing(sqlite3.connect(path)) as conn:
        [page] = conn.execute(
            "SELECT rootpage FROM sqlite_schema WHERE type = 'table' AND name = 'users'"
        ).fetchone()
        [size] = conn.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    produced(await findings(patient_of(state), store.WHOLE), "CRL403", Outcome.BAD)


async def test_a_file_too_large_to_be_read_through_in_time(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathered, "_LOOKS_FOR", -1.0)
    monkeypatch.setattr(gathered, "_STEPS", 1)
    produced(await findings(patient_of(state), store.WHOLE), "CRL403", Outcome.UNKNOWN)


async def test_a_write_ahead_log_that_only_grows(state: Path) -> None:
    log = state / "carrel.sqlite-wal"
    log.touch()
    os.truncate(log, 300 << 20)  # takes no room: nothing is in it
    found = await findings(patient_of(state), store.WAL)
    assert "300 MiB" in produced(found, "CRL404", Outcome.WARNING).found


async def test_a_store_on_a_network_file_system(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "21 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n"
        f"36 21 0:42 / {tmp_path} rw,relatime shared:9 - nfs4 filer:/export rw\n"
    )
    monkeypatch.setattr(gathered, "_MOUNTS", mounts)
    found = await findings(patient_of(state), store.FILE_SYSTEM)
    assert "nfs4" in produced(found, "CRL405", Outcome.BAD).found


@pytest.mark.parametrize(
    ("left", "outcome"), [(0, Outcome.WARNING), (30 << 20, Outcome.BAD)], ids=["all gone", "lived on"]
)
async def test_what_was_set_aside_for_a_full_disk_is_not_all_there(
    state: Path, monkeypatch: pytest.MonkeyPatch, left: int, outcome: Outcome
) -> None:
    assert is_well(await findings(patient_of(state), store.RESERVE), "CRL407")
    reserve = ballast.Ballast(state / "carrel.sqlite")
    reserve.keep()
    assert is_well(await findings(patient_of(state), store.RESERVE), "CRL407")
    monkeypatch.setattr(ballast, "SHARE", 1 << 60)  # no disk has so much room
    os.truncate(reserve.path, left)
    produced(await findings(patient_of(state), store.RESERVE), "CRL407", outcome)


class Elsewhere:
    """A database on a machine whose clock goes wrong."""

    def __init__(self, ahead: timedelta) -> None:
        self._ahead = ahead

    async def read(self, _fn: object) -> tuple[datetime, str]:
        return SystemClock().now() + self._ahead, HEAD


async def test_a_database_server_with_another_time(house: Any, tmp_path: Path) -> None:
    patient = patient_of(tmp_path / "S", database_url=ELSEWHERE)
    context = replace(house.context, store=Elsewhere(timedelta(minutes=1)))
    found = await findings(replace(patient, context=context), store.CLOCK)
    assert "60.0 seconds ahead" in produced(found, "CRL406", Outcome.BAD).found
    assert is_well(found, "CRL401")
    assert is_well(found, "CRL402")
