"""What the containers of all workspaces use, asked of the engine one by one but several at a time; and remembered for a moment."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from carrel.domain.ids import WorkspaceId
from carrel.drivers.docker import showing
from carrel.drivers.docker.engine import LOOKS_WITHIN, Engine
from carrel.drivers.docker.labels import Owner
from carrel.drivers.docker.showing import Listed
from carrel.ports.clock import Clock

AT_ONCE: Final = 16
FRESH_FOR: Final = 5.0
"""Seconds; several ask for it in one round."""
_CANNOT: Final = "What workspaces use cannot be measured"
_GONE: Final = (404, 409)

Stats = Mapping[str, Any]
"""The engine's answer to /containers/…/stats."""


class Measuring:
    def __init__(self, engine: Engine, owner: Owner, *, clock: Clock) -> None:
        self._engine = engine
        self._owner = owner
        self._clock = clock
        self._lock = asyncio.Lock()
        self._seen: tuple[float, list[tuple[Listed, WorkspaceId, Stats]]] | None = None

    async def cpu_seconds(self) -> dict[WorkspaceId, float]:
        """Companions included. Raises DriverUnavailable."""
        used: dict[WorkspaceId, float] = {}
        for _, workspace_id, stats in await self._all():
            used[workspace_id] = used.get(workspace_id, 0.0) + cpu_of(stats)
        return used

    async def apps(self) -> dict[WorkspaceId, Stats]:
        """Of the app's container of each running workspace. Raises DriverUnavailable."""
        return {workspace_id: stats for each, workspace_id, stats in await self._all() if not each.companion}

    async def _all(self) -> list[tuple[Listed, WorkspaceId, Stats]]:
        async with self._lock:
            now = self._clock.monotonic()
            if self._seen is None or now - self._seen[0] > FRESH_FOR:
                self._seen = (now, await self._asked())
            return self._seen[1]

    async def _asked(self) -> list[tuple[Listed, WorkspaceId, Stats]]:
        found = await self._engine.look(
            "containers/json", what=_CANNOT, params={"filters": self._owner.filters}
        )
        running = [
            (each, workspace_id)
            for workspace_id, group in showing.read_list(found or ()).items()
            for each in group
        ]
        gate = asyncio.Semaphore(AT_ONCE)

        async def ask(container: str) -> Stats | None:
            async with gate:
                answer: Stats | None = await self._engine.call(
                    "GET",
                    f"containers/{container}/stats",
                    what=_CANNOT,
                    params={"stream": "false", "one-shot": "true"},
                    absent=_GONE,
                    seconds=LOOKS_WITHIN,
                )
                return answer

        answers = await asyncio.gather(*(ask(each.id) for each, _ in running))
        return [(each, id_, stats) for (each, id_), stats in zip(running, answers, strict=True) if stats]


def cpu_of(stats: Stats) -> float:
    """Seconds; engines count nanoseconds."""
    used = ((stats.get("cpu_stats") or {}).get("cpu_usage") or {}).get("total_usage") or 0
    return int(used) / 1e9
