"""One thread with one database connection, and a line of jobs for it. Knows nothing of SQL besides beginning and ending a transaction.

A job runs whole or not at all: a caller who is cancelled while waiting takes the job back if it has not begun, and otherwise just
does not hear how it ended.
"""

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from carrel.domain.errors import Unavailable
from carrel.store.explain import explain

T = TypeVar("T")

_AT_ONCE = 8
"""Answers brought back to the event loop in one hop at the most: one hop each costs as much as a small read, and a long row makes the first wait."""


class Job:
    __slots__ = ("error", "future", "loop", "result", "work")

    def __init__(self, work: Callable[[Connection], Any]) -> None:
        self.work = work
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Any] = self.loop.create_future()
        self.result: Any = None
        self.error: Exception | None = None

    def settle(self) -> None:
        """In the event loop."""
        if self.future.done():
            return
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)


Line = SimpleQueue[Job | None]


class Worker:
    """Several workers may share one line; each takes the next job from it. None in the line ends one worker."""

    def __init__(
        self,
        engine: Engine,
        line: Line,
        *,
        name: str,
        where: str,
        reading: bool,
        relieve: Callable[[Exception], bool],
    ) -> None:
        """`relieve` is told of each failure of the file, and says whether another try is worth it."""
        self.has_failed = False
        """The file did not take what was last to be written, or give what was to be read."""
        self._engine = engine
        self._reading = reading
        self._relieve = relieve
        self._line = line
        self._where = where
        self._connection: Connection | None = None
        self._settled: list[Job] = []
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def join(self) -> None:
        self._thread.join()

    def _run(self) -> None:
        while (job := self._line.get()) is not None:
            if not job.future.cancelled():
                self._do(job)
                self._settled.append(job)
            if len(self._settled) >= _AT_ONCE or self._line.empty():
                self._deliver()
        self._deliver()
        self._close()

    def _do(self, job: Job) -> None:
        while (failure := self._tried(job)) is not None and self._relieve(failure):
            pass

    def _tried(self, job: Job) -> Exception | None:
        """What is wrong with the file, if anything is."""
        try:
            connection = self._connection or self._open()
            before = _changes(connection) if self.has_failed else 0
            with connection.begin():
                job.result = job.work(connection)
            job.error = None
            if self.has_failed and (self._reading or _changes(connection) > before):
                self.has_failed = False
        except Exception as error:  # noqa: BLE001 - whatever it is belongs to the caller, not to this thread
            explained = explain(error, self._where, reading=self._reading)
            job.error = explained or error
            if isinstance(explained, Unavailable):
                self.has_failed = True
                self._close()
                return error
        return None

    def _open(self) -> Connection:
        self._connection = self._engine.connect()
        return self._connection

    def _close(self) -> None:
        """After a failure of the file the next job opens it anew: what was wrong may have been put right."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(SQLAlchemyError, sqlite3.Error):
                connection.close()

    def _deliver(self) -> None:
        settled, self._settled = self._settled, []
        by_loop: dict[asyncio.AbstractEventLoop, list[Job]] = {}
        for job in settled:
            by_loop.setdefault(job.loop, []).append(job)
        for loop, jobs in by_loop.items():
            if not loop.is_closed():
                loop.call_soon_threadsafe(_settle_all, jobs)


def _changes(connection: Connection) -> int:
    """Rows since it was opened. What changes none takes no room, and proves nothing of the file."""
    raw = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    return raw.total_changes


def _settle_all(jobs: list[Job]) -> None:
    for job in jobs:
        job.settle()
