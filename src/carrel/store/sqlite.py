"""The store in one file: a single writer thread, a few reader threads, private permissions. Decides how, never what, is stored."""

import asyncio
import os
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import URL
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from carrel.domain.errors import Invalid, Unavailable
from carrel.store.ballast import Ballast
from carrel.store.revision import bring_up
from carrel.store.worker import Job, Line, Worker

P = ParamSpec("P")
T = TypeVar("T")

READERS = 2
"""Reads mostly wait for one another's Python anyway; more threads would only switch more."""

_BUSY_SECONDS = 10
_COMMON = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA journal_size_limit = 67108864",
)


class SqliteStore:
    def __init__(self, url: URL) -> None:
        self._path = _path_of(url)
        where = f"The file {self._path}"
        _make_private(self._path, where)
        writing = _engine(url, "BEGIN IMMEDIATE", _COMMON)
        reading = _engine(url, "BEGIN", (*_COMMON, "PRAGMA query_only = ON"))
        self._engines = (writing, reading)
        self._writes: Line = Line()
        self._reads: Line = Line()
        self._ballast = Ballast(self._path)
        worker = partial(Worker, where=where, relieve=self._ballast.relieve)
        self._writer = worker(writing, self._writes, name="carrel-store-writer", reading=False)
        self._readers = [
            worker(reading, self._reads, name=f"carrel-store-reader-{number}", reading=True)
            for number in range(READERS)
        ]
        self._is_open = True

    async def read(self, fn: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._queued(self._reads, partial(_call, fn, args, kwargs))

    async def write(
        self, fn: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        return await self._queued(self._writes, partial(_call, fn, args, kwargs))

    @property
    def is_writable(self) -> bool:
        return not self._writer.has_failed

    async def keep_room(self) -> None:
        await asyncio.to_thread(self._ballast.keep)

    async def make_room(self) -> bool:
        return await asyncio.to_thread(self._ballast.give_if_full)

    async def migrate(self) -> None:
        await self.write(bring_up)

    async def aclose(self) -> None:
        """Everything queued before is still done."""
        if not self._is_open:
            return
        self._is_open = False
        self._writes.put(None)
        for _ in self._readers:
            self._reads.put(None)
        for worker in (self._writer, *self._readers):
            worker.join()
        for engine in self._engines:
            engine.dispose()

    async def _queued(self, line: Line, work: Callable[[Connection], T]) -> T:
        if not self._is_open:
            raise Unavailable("Carrel is stopping. Try again in a moment.")
        job = Job(work)
        line.put(job)
        result: T = await job.future
        return result


def _call(fn: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any], connection: Connection) -> T:
    return fn(connection, *args, **kwargs)


def _path_of(url: URL) -> Path:
    if not url.database or url.database == ":memory:":
        raise Invalid(
            "A database in memory cannot be shared between threads. Name a file: sqlite:///path/to/carrel.sqlite."
        )
    return Path(url.database).absolute()


def _make_private(path: Path, where: str) -> None:
    """Before SQLite sees it: -wal and -shm take over the file's permissions."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.fchmod(descriptor, 0o600)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise Unavailable(
            f"{where} cannot be opened ({error.strerror}). Check that Carrel's user may write it and its folder.",
            detail=str(error),
        ) from error


def _engine(url: URL, begin: str, pragmas: tuple[str, ...]) -> Engine:
    """Transactions are begun by us, in the words given: sqlite3's own would begin them late and never IMMEDIATE."""
    engine = sa.create_engine(
        url.set(drivername="sqlite"),
        poolclass=NullPool,
        hide_parameters=True,  # they would be printed with errors, and some are secrets
        connect_args={"isolation_level": None, "timeout": _BUSY_SECONDS, "cached_statements": 512},
    )

    def connected(raw: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
        for pragma in pragmas:
            raw.execute(pragma)

    def begun(connection: Connection) -> None:
        raw = connection.connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        raw.execute(begin)

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begun)
    return engine
