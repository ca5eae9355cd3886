"""Facts about the store: is it there, of which revision, whole, and on what. A file is opened for reading only, and never made."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from sqlalchemy import Connection

from carrel.app.doctor.checks import Check
from carrel.app.doctor.patient import Patient
from carrel.domain.errors import CarrelError
from carrel.domain.finding import Finding
from carrel.ports.clock import Clock
from carrel.rules.checkup import store
from carrel.store.ballast import SIZE, kept, will_be_kept
from carrel.store.engine import Store, open_store
from carrel.store.revision import HEAD, revision_of

_MOUNTS: Final = Path("/proc/self/mountinfo")
_LOOKS_FOR: Final = 2.0
"""Seconds for reading through the whole file."""
_STEPS: Final = 100_000
"""Of SQLite's machine, between two looks at the time."""


def checks(patient: Patient) -> list[Check]:
    file = patient.database_file
    if file is None:
        return [Check((store.REACHED, store.REVISION, store.CLOCK), lambda: _database(patient))]
    aside = patient.aside

    async def opened() -> Iterable[Finding]:
        return await aside("store", lambda: _file(file))

    async def whole() -> Iterable[Finding]:
        return await aside("store's wholeness", lambda: _whole(file, patient.clock))

    async def log() -> Iterable[Finding]:
        return await aside("store's log", lambda: _log(file))

    async def where() -> Iterable[Finding]:
        return await aside("store's file system", lambda: [store.file_system(kind_at(file), str(file))])

    async def reserve() -> Iterable[Finding]:
        return await aside("store's reserve", lambda: _reserve(file))

    return [
        Check((store.REACHED, store.REVISION), opened),
        Check((store.WHOLE,), whole),
        Check((store.WAL,), log),
        Check((store.FILE_SYSTEM,), where),
        Check((store.RESERVE,), reserve),
    ]


def _reading(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=1)


def _file(file: Path) -> list[Finding]:
    if not file.exists():
        return [store.absent(f"The file {file}")]
    try:
        with closing(_reading(file)) as conn:
            found = conn.execute("SELECT version_num FROM alembic_version").fetchall()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return [store.reached(f"The file {file}", None), store.revision(None, HEAD)]
        return [store.reached("", f"The file {file} cannot be read: {error}.")]
    except sqlite3.DatabaseError as error:
        return [store.reached("", f"The file {file} cannot be read: {error}.")]
    return [
        store.reached(f"The file {file}", None),
        store.revision(found[0][0] if found else None, HEAD),
    ]


def _whole(file: Path, clock: Clock) -> list[Finding]:
    if not file.exists():
        return []
    deadline = clock.monotonic() + _LOOKS_FOR
    try:
        with closing(_reading(file)) as conn:
            conn.set_progress_handler(lambda: int(clock.monotonic() > deadline), _STEPS)
            rows = [str(row[0]) for row in conn.execute("PRAGMA quick_check(5)")]
    except sqlite3.OperationalError as error:
        return [store.whole(None if "interrupted" in str(error) else [str(error)])]
    except sqlite3.DatabaseError as error:
        return [store.whole([str(error)])]
    return [store.whole([] if rows == ["ok"] else rows)]


def _log(file: Path) -> list[Finding]:
    """It exists only while somebody has the file open."""
    try:
        return [store.write_ahead_log(file.with_name(f"{file.name}-wal").stat().st_size)]
    except OSError:
        return []


def _reserve(file: Path) -> list[Finding]:
    """None before the first start, and none where it may not be seen."""
    if not file.exists():
        return []
    try:
        size, fits = kept(file), will_be_kept(file)
    except OSError:
        return []
    return [store.reserve(size, SIZE, str(file.parent), fits=fits)]


def kind_at(path: Path) -> str:
    """The kind of file system that holds it, as the kernel names it."""
    best, kind = "", "unknown"
    for line in _MOUNTS.read_text().splitlines():
        fields, _, rest = line.partition(" - ")
        place = fields.split(" ")[4]
        if len(place) >= len(best) and (path == Path(place) or Path(place) in path.parents):
            best, kind = place, rest.split(" ")[0]
    return kind


# -- PostgreSQL --------------------------------------------------------------------------------------------------------


async def _database(patient: Patient) -> Iterable[Finding]:
    if patient.context is not None:
        return await _asked(patient.context.store, patient.clock)
    opened: Store | None = None
    try:
        opened = open_store(patient.settings.database)
        return await _asked(opened, patient.clock)
    except CarrelError as error:
        return [store.reached("", error.sentence)]
    finally:
        if opened is not None:
            await opened.aclose()


async def _asked(opened: Store, clock: Clock) -> Iterable[Finding]:
    try:
        before = clock.now()
        theirs, found = await opened.read(_moment_and_revision)
        after = clock.now()
    except CarrelError as error:
        return [store.reached("", error.sentence)]
    ahead = theirs - (before + (after - before) / 2)
    return [
        store.reached("PostgreSQL", None),
        store.revision(found, HEAD),
        store.clock(ahead.total_seconds()),
    ]


def _moment_and_revision(conn: Connection) -> tuple[datetime, str | None]:
    moment: datetime = conn.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
    return moment.astimezone(UTC), revision_of(conn)
