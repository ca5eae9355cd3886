"""What running workspaces suffer from: memory that ran out for a program inside, as many processes as there may be, a full disk.

What it measures is told for as long as it measures it. Memory that ran out is a moment, heard from its events: that is remembered for some
minutes, because people look later.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import structlog
from aiodocker.exceptions import DockerError
from aiohttp import ClientError, ClientTimeout

from carrel.domain.ids import WorkspaceId
from carrel.drivers.docker import complaints
from carrel.drivers.docker.disks import Disks
from carrel.drivers.docker.engine import Engine
from carrel.drivers.docker.labels import COMPANION, WORKSPACE, Owner
from carrel.ports.clock import Clock
from carrel.ports.driver import Ailment, DriverError

Stats = Callable[[], Awaitable[Mapping[WorkspaceId, Mapping[str, Any]]]]
"""The engine's answer to /containers/…/stats of the app of each running workspace; may be a few seconds old. Raises DriverUnavailable."""

REMEMBERED: Final = timedelta(minutes=5)
_QUIET: Final = ClientTimeout(total=None, sock_connect=10, sock_read=300)
"""A stream that is silent this long is opened anew: the other end may be gone without a word."""
_AGAIN_AFTER: Final = 2.0
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Heard:
    """An event of the engine about one of our containers."""

    workspace_id: WorkspaceId
    action: str
    """ "oom" or "start"."""
    at: datetime
    companion: str = ""


class Ailments:
    def __init__(
        self,
        engine: Engine,
        owner: Owner,
        stats: Stats,
        *,
        clock: Clock,
        homes: Path | None = None,
    ) -> None:
        """`homes`: the directory of all homes where it is on this machine."""
        self._engine = engine
        self._owner = owner
        self._stats = stats
        self._clock = clock
        self._disks = Disks(engine, owner, clock, homes)
        self._ran_out: dict[WorkspaceId, Heard] = {}
        """The last time that memory did."""
        self._ring: Callable[[], None] = _nobody_listens
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to listen to the engine's events, and goes on when the engine went and came back. Repeating it is harmless."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._listen())

    def alert(self, ring: Callable[[], None]) -> None:
        self._ring = ring

    async def current(self) -> Mapping[WorkspaceId, Ailment]:
        """For `Complains`. Raises DriverUnavailable."""
        self.start()
        stats = await self._stats()
        full = await self._disks.full()
        self._forget(self._clock.now())
        told = {each: self._worst(each, seen, full.get(each)) for each, seen in stats.items()}
        everybodys = await self._everybodys()
        told = {each: ailment or everybodys for each, ailment in told.items()}
        return {each: ailment for each, ailment in told.items() if ailment is not None}

    async def _everybodys(self) -> Ailment | None:
        if await self._disks.homes_are_full():
            return complaints.homes_full()
        return complaints.engine_full() if await self._disks.engine_is_full() else None

    async def aclose(self) -> None:
        """Stops listening."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    def hear(self, heard: Heard) -> None:
        """A container that was started anew has nothing from before."""
        last = self._ran_out.get(heard.workspace_id)
        if heard.action == "oom":
            if last is None or last.at < heard.at:
                self._ran_out[heard.workspace_id] = heard
                self._ring()
        elif not heard.companion and last is not None and last.at <= heard.at:
            del self._ran_out[heard.workspace_id]

    def _forget(self, now: datetime) -> None:
        self._ran_out = {each: one for each, one in self._ran_out.items() if abs(now - one.at) <= REMEMBERED}

    def _worst(self, workspace_id: WorkspaceId, stats: Mapping[str, Any], full: int | None) -> Ailment | None:
        """What is measured now comes before what is over, and no longer than it is measured: it hides the rest only for so long."""
        if full is not None:
            return complaints.disk_full(full)
        if (processes := at_limit(stats)) is not None:
            return complaints.too_many_processes(processes)
        if (last := self._ran_out.get(workspace_id)) is not None:
            return complaints.out_of_memory(memory_limit(stats), last.companion, last.at)
        return None

    async def _listen(self) -> None:
        while True:
            try:
                await self._hear_all()
            except (DockerError, DriverError, ClientError, OSError, TimeoutError, ValueError) as error:
                _log.debug("events of the engine broke off", backend=self._owner.backend, error=str(error))
            await self._clock.sleep(_AGAIN_AFTER)

    async def _hear_all(self) -> None:
        """From some minutes back, so that nothing is missed while nobody listened; the engine keeps the last few hundred events."""
        labels = [f"{key}={value}" for key, value in self._owner.labels.items()]
        filters = {"type": ["container"], "event": ["oom", "start"], "label": labels}
        since = (self._clock.now() - REMEMBERED).timestamp()
        params = {"filters": json.dumps(filters), "since": f"{since:.0f}"}
        async with self._engine.client()._query("events", params=params, timeout=_QUIET) as answer, answer:
            async for line in answer.content:
                heard = read_event(json.loads(line))
                if heard is not None:
                    self.hear(heard)


def _nobody_listens() -> None:
    return


def read_event(event: Mapping[str, Any]) -> Heard | None:
    actor = event.get("Actor") or {}
    labels = actor.get("Attributes") or {}
    workspace_id, action = labels.get(WORKSPACE), str(event.get("Action"))
    if not workspace_id or action not in ("oom", "start"):
        return None
    at = datetime.fromtimestamp(int(event.get("timeNano") or 0) / 1e9, UTC)
    return Heard(WorkspaceId(workspace_id), action, at, labels.get(COMPANION) or "")


def at_limit(stats: Mapping[str, Any]) -> int | None:
    """The limit of processes and threads that this one has reached, or all but: what multiplies without end also dies all the time."""
    pids = stats.get("pids_stats") or {}
    current, limit = int(pids.get("current") or 0), int(pids.get("limit") or 0)
    return limit if limit and current >= limit - max(1, limit // 50) else None


def memory_limit(stats: Mapping[str, Any]) -> int | None:
    limit = (stats.get("memory_stats") or {}).get("limit")
    return int(limit) if limit else None
