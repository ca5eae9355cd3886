"""The homes on this machine: a directory each, beside the slots and never inside one. Made, measured and removed here; follows no link."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from carrel.domain.ids import HomeId, WorkspaceId, is_id
from carrel.drivers.ondisk.faults import may_be_away
from carrel.drivers.ondisk.packing import packed
from carrel.drivers.ondisk.removing import remove_tree
from carrel.ports.driver import DriverUnavailable, Rejected

T = TypeVar("T")

PLACE = "state directory"
"""Every backend that keeps homes on this machine has them there; a state directory that moves takes them along."""

HeldBy = Callable[[Path], WorkspaceId | None]
"""The workspace whose slot leads to this home, by what the slots say themselves. Blocks on the disk."""


class Homes:
    def __init__(self, directory: Path, held_by: HeldBy) -> None:
        self._directory = directory
        self._held_by = held_by
        # of their own: measuring a huge home must not hold up who comes and who goes
        self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="carrel-homes")
        self._is_closed = False

    def make(self, home_id: HomeId) -> Path:
        """Harmless on one that stands."""
        home = self.path(home_id)
        home.mkdir(mode=0o700, exist_ok=True)
        return home

    def path(self, home_id: HomeId) -> Path:
        if not is_id(home_id):
            raise Rejected("A home is named by its id.")
        return self._directory / home_id

    async def measure(self, home_id: HomeId) -> int:
        home = self.path(home_id)
        with may_be_away("The home cannot be measured"):
            return await self._in_thread(lambda: self._measured(home))

    def archive(self, home_id: HomeId) -> AsyncIterator[bytes]:
        return packed(self.path(home_id))

    async def remove(self, home_id: HomeId) -> None:
        home = self.path(home_id)
        with may_be_away("The home cannot be removed"):
            await self._in_thread(lambda: self._remove(home))

    def close(self) -> None:
        """What is being measured is let go of."""
        self._is_closed = True
        self._threads.shutdown()

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def _remove(self, home: Path) -> None:
        """The store says that it is in no workspace; a slot that says otherwise is believed."""
        holder = self._held_by(home)
        if holder is not None:
            raise DriverUnavailable(f"Home {home.name} is in workspace {holder} still, so it is not removed.")
        remove_tree(home, what=f"home {home.name}")

    def _measured(self, home: Path) -> int:
        """Blocks on the disk; a file with several names counts once. What its person removes meanwhile counts as gone."""
        if home.is_symlink() or not home.exists():
            return 0
        seen: set[tuple[int, int]] = set()
        size = 0
        for _, names, others, directory in os.fwalk(home, onerror=None, follow_symlinks=False):
            if self._is_closed:
                raise DriverUnavailable("Carrel is being stopped, so the home is not measured.")
            for name in (*names, *others):
                found = _looked_at(name, directory)
                if found is not None and (found.st_nlink == 1 or (found.st_dev, found.st_ino) not in seen):
                    seen.add((found.st_dev, found.st_ino))
                    size += found.st_blocks * 512
        return size


def _looked_at(name: str, directory: int) -> os.stat_result | None:
    try:
        return os.lstat(name, dir_fd=directory)
    except OSError:
        return None
