"""Which disks of workspaces are full: the one of all homes, the engine's, and those of containers with a limit of their own. Deletes nothing.

A container's is looked at where the engine keeps it; from afar the engine is asked, which counts file by file and is therefore asked seldom.
"""

import asyncio
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from carrel.domain.ids import WorkspaceId
from carrel.domain.units import parse_size
from carrel.drivers.docker.engine import Engine
from carrel.drivers.docker.labels import WORKSPACE, Owner
from carrel.ports.clock import Clock

_SCRAPS: Final = 4 << 20
"""Bytes left when programs that write in pieces have already failed."""
_COUNTS_EVERY: Final = 120.0
_SECONDS: Final = 10.0
_DISKS: Final = "The disks of workspaces cannot be seen"


@dataclass(slots=True)
class _Disk:
    workspace_id: WorkspaceId
    limit: int
    place: Path
    counted_at: float = float("-inf")
    used: int = 0


@dataclass(slots=True)
class Disks:
    engine: Engine
    owner: Owner
    clock: Clock
    homes: Path | None = None
    """On this machine; None where homes are elsewhere."""
    _known: dict[str, _Disk | None] = field(default_factory=dict)
    """By container, None for those without a limit: a limit never changes."""
    _looking: dict[Path, "asyncio.Task[bool]"] = field(default_factory=dict)
    _root: Path | None = None

    async def homes_are_full(self) -> bool:
        return self.homes is not None and await self._look(self.homes)

    async def engine_is_full(self) -> bool:
        """Where it is on this machine, and keeps no share of its disk for each container. Raises DriverUnavailable."""
        if self.homes is None:
            return False
        if self._root is None:
            info = await self.engine.look("info", what=_DISKS)
            self._root = Path(str((info or {}).get("DockerRootDir") or "/"))
        return await self._look(self._root)

    async def _look(self, place: Path) -> bool:
        """False while a file system that hangs is being looked at: that is another trouble."""
        task = self._looking.get(place)
        if task is None or task.done():
            task = self._looking[place] = asyncio.create_task(asyncio.to_thread(_is_full, place))
        done, _ = await asyncio.wait([task], timeout=_SECONDS)
        return bool(done) and task.exception() is None and task.result()

    async def full(self) -> Mapping[WorkspaceId, int]:
        """Those whose own disk is full, with its limit. Raises DriverUnavailable."""
        running = await self._running()
        for container in running - self._known.keys():
            self._known[container] = _read(await self._inspect(container))
        self._known = {each: self._known[each] for each in running}
        limited = {each: disk for each, disk in self._known.items() if disk is not None}
        return {
            disk.workspace_id: disk.limit for each, disk in limited.items() if await self._is_full(each, disk)
        }

    async def _is_full(self, container: str, disk: _Disk) -> bool:
        try:
            return await asyncio.to_thread(_is_full, disk.place)
        except OSError:
            return await self._counted(container, disk) > disk.limit - _SCRAPS

    async def _counted(self, container: str, disk: _Disk) -> int:
        now = self.clock.monotonic()
        if now - disk.counted_at >= _COUNTS_EVERY:
            disk.counted_at = now
            disk.used = int((await self._inspect(container, size="1")).get("SizeRw") or 0)
        return disk.used

    async def _running(self) -> set[str]:
        labels = [f"{key}={value}" for key, value in self.owner.labels.items()]
        params = {"filters": json.dumps({"label": labels, "status": ["running"]})}
        shown = await self.engine.look("containers/json", what=_DISKS, params=params)
        return {str(one["Id"]) for one in shown or ()}

    async def _inspect(self, container: str, **params: str) -> Mapping[str, Any]:
        """Nothing of one that is gone by now."""
        shown = await self.engine.look(f"containers/{container}/json", what=_DISKS, params=params)
        return shown or {}


def _is_full(place: Path) -> bool:
    found = os.statvfs(place)
    return found.f_bavail * found.f_frsize < _SCRAPS or (found.f_files > 0 and found.f_favail == 0)


def _read(shown: Mapping[str, Any]) -> _Disk | None:
    size = ((shown.get("HostConfig") or {}).get("StorageOpt") or {}).get("size")
    workspace_id = ((shown.get("Config") or {}).get("Labels") or {}).get(WORKSPACE)
    if not size or not workspace_id:
        return None
    upper = ((shown.get("GraphDriver") or {}).get("Data") or {}).get("UpperDir") or "/nowhere"
    return _Disk(WorkspaceId(workspace_id), _bytes(str(size)), Path(upper))


def _bytes(size: str) -> int:
    return int(size) if size.isdigit() else parse_size(size)
