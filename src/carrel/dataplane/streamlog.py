"""Reads what Envoy says of streams: whose, how long, how many bytes. Trusts no line, keeps the file small, decides nothing about idleness."""

import asyncio
import json
import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, Final

from carrel.dataplane.bootstrap import reports_every
from carrel.domain.activity import StreamReport
from carrel.domain.ids import WorkspaceId, is_id
from carrel.ports.clock import Clock

LIMIT: Final = 4 << 20
_CHUNK: Final = 1 << 20
_OLDEST: Final = 64 << 20
"""After a long absence of ours only so much of the end is read: what came before says nothing about now."""
_PREFIX: Final = "/w/"


class StreamLog:
    """The end of `streams.log`, as it grows. One reader per file."""

    def __init__(
        self, path: Path, clock: Clock, limit: int = LIMIT, *, bootstrap: Path | None = None
    ) -> None:
        """`bootstrap` is what the data plane was started with: it may be older than our settings."""
        self._path = path
        self._bootstrap = bootstrap
        self._clock = clock
        self._limit = limit
        self._offset = 0
        self._has_lost_some = False

    async def read(self) -> list[StreamReport]:
        """What was written since the last call. Never raises for what stands in the file, nor for its absence."""
        return await asyncio.to_thread(self._new_reports)

    def has_lost_some(self) -> bool:
        return self._has_lost_some

    def reported_every(self) -> timedelta:
        try:
            content = self._bootstrap.read_bytes() if self._bootstrap is not None else b""
        except OSError:
            content = b""
        return reports_every(content)

    def _new_reports(self) -> list[StreamReport]:
        """In a thread too: whoever has a ticket may write as many lines as they send requests, and the hub answers meanwhile."""
        return list(_reports(self._new_lines(), self._clock.now()))

    def _new_lines(self) -> list[bytes]:
        try:
            with self._path.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                if size < self._offset:
                    self._offset = 0  # emptied or replaced
                self._has_lost_some = size - _OLDEST > self._offset
                self._offset = max(self._offset, size - _OLDEST)
                lines = list(self._lines(file, size))
            if self._limit < size <= self._offset:
                os.truncate(
                    self._path, 0
                )  # what is lost between the read and this is told again a minute later
                self._offset = 0
        except OSError:
            return []
        return lines

    def _lines(self, file: BinaryIO, size: int) -> Iterator[bytes]:
        while self._offset < size:
            file.seek(self._offset)
            chunk = file.read(_CHUNK)
            whole = chunk.rfind(b"\n") + 1
            if not whole and len(chunk) < _CHUNK:
                return  # the last line is still being written
            yield from chunk[: whole or None].splitlines()
            self._offset += whole or len(chunk)


def _reports(lines: Iterable[bytes], now: datetime) -> Iterable[StreamReport]:
    for line in lines:
        try:
            report = _report(json.loads(line), now)
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
            continue
        if report is not None:
            yield report


def _report(row: dict[str, Any], now: datetime) -> StreamReport | None:
    door = str(row["door"])
    workspace_id = door.removeprefix(_PREFIX).removesuffix("/")
    if not is_id(workspace_id):
        return None
    began = datetime.fromtimestamp(int(row["start"]), UTC)
    at = began + timedelta(milliseconds=int(row["ms"]))
    return StreamReport(
        workspace_id=WorkspaceId(workspace_id),
        at=min(at, now),
        received=int(row["rx"]),
        sent=int(row["tx"]),
        code=int(row["code"]),
        method=str(row["method"]),
        path=str(row["path"]).removeprefix(door),
        began=min(began, now),
        stream=str(row.get("conn", "")),
    )
