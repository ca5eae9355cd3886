"""`Mounts` done by this process, which must be root on the engine's machine: slots as directories, homes mounted in them."""

import asyncio
import errno
import os
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Final, TypeVar

from carrel.domain.ids import HomeId, WorkspaceId, is_id
from carrel.drivers.docker.homes import folders, kernel
from carrel.drivers.docker.homes.adopting import volume_of
from carrel.drivers.docker.homes.folders import DIRECTORY
from carrel.drivers.docker.homes.idmap import Mapper, Owners
from carrel.drivers.docker.homes.mounts import FileOwner, SlotPlan, SlotView
from carrel.drivers.docker.homes.sight import demand_sight
from carrel.drivers.docker.homes.slots import Slot, rescue, slots_in
from carrel.drivers.ondisk import mountinfo
from carrel.drivers.ondisk.faults import may_be_away
from carrel.drivers.ondisk.files import written_out
from carrel.drivers.turns import Turns, refuse_nameless
from carrel.ports.driver import DriverUnavailable, Rejected

T = TypeVar("T")
PlaceOfVolume = Callable[[str], Awaitable[Path]]
"""Where on this machine the engine keeps a volume of that name. Raises DriverUnavailable, Rejected where there is none."""

_PATIENCE: Final = 40
"""How often it is tried politely: what has ended takes a moment to let go of its files."""
_PAUSE: Final = 0.05


class OwnMounts:
    """`slots`: a directory for this alone, below which nobody but root may write. `homes`: a directory each, of who runs Carrel;
    `<home id>.volume` there holds the name of a volume of the engine that is this home. `engine`: its socket, if it is to be made sure
    that the engine sees what is mounted here.
    """

    def __init__(
        self, slots: Path, homes: Path, place_of_volume: PlaceOfVolume, *, engine: Path | None = None
    ) -> None:
        self._engine = engine
        self._slots = slots
        self._homes = homes
        self._place_of_volume = place_of_volume
        self._mapper = Mapper()
        self._threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="carrel-mounts")
        self._turns = Turns()
        self._sharing = threading.Lock()
        """Several first workspaces at once find the slots unmounted, or mounted and not shared yet."""

    async def make_slot(self, workspace_id: WorkspaceId, plan: SlotPlan) -> str:
        slot = self._slot(workspace_id)
        await self._turns.take(workspace_id, lambda: self._make_slot(slot, plan))
        return str(slot.home)

    async def bring_in(self, workspace_id: WorkspaceId, home_id: HomeId) -> None:
        slot = self._slot(workspace_id)
        await self._turns.take(workspace_id, lambda: self._bring_in(slot, home_id))

    async def take_out(self, workspace_id: WorkspaceId) -> None:
        slot = self._slot(workspace_id)
        await self._turns.take(workspace_id, lambda: self._take_out(slot))

    async def remove_slot(self, workspace_id: WorkspaceId) -> None:
        slot = self._slot(workspace_id)
        await self._turns.take(workspace_id, lambda: self._remove(slot))

    async def slots(self) -> Mapping[WorkspaceId, SlotView]:
        with may_be_away("The slots cannot be read"):
            return await self._in_thread(
                lambda: {slot.workspace_id: slot.view for slot in slots_in(self._slots)}
            )

    async def leave(self) -> None:
        with may_be_away("The directory of the slots cannot be unmounted"):
            await self._in_thread(self._unshare_slots)

    async def aclose(self) -> None:
        """What is mounted stays."""
        await self._turns.settle()
        self._threads.shutdown()
        self._mapper.close()

    async def _make_slot(self, slot: Slot, plan: SlotPlan) -> None:
        with may_be_away("The slot cannot be made"):
            await self._in_thread(self._share_slots)
            if not slot.stands:
                await self._in_thread(lambda: slot.make(plan))
            if not slot.is_open:
                raise Rejected("The files were taken out of this workspace; it is not started again.")
            if (home_id := slot.holds) is not None:
                await self._mount(slot, home_id)
            elif not slot.plan.takes_home:
                await self._in_thread(lambda: _share_folders(slot))

    async def _bring_in(self, slot: Slot, home_id: HomeId) -> None:
        if not slot.stands:
            raise Rejected(f"There is no instance of workspace {slot.workspace_id}.")
        if not slot.plan.takes_home:
            raise Rejected("The template of this workspace keeps no files, so no home can be brought in.")
        if not slot.is_open:
            raise Rejected("The files were taken out of this workspace; it takes none any more.")
        if slot.holds not in (None, home_id):
            raise Rejected("Another home is in this workspace.")
        if not is_id(home_id):
            raise Rejected("A home is named by its id.")
        with may_be_away("The home cannot be brought in"):
            await self._in_thread(lambda: slot.hold(home_id))
            await self._mount(slot, home_id)

    async def _take_out(self, slot: Slot) -> None:
        if not slot.stands:
            return
        with may_be_away(f"The files cannot be taken out of workspace {slot.workspace_id}"):
            await self._in_thread(slot.close)
            if (home_id := slot.holds) is None:
                await self._in_thread(lambda: _unmount(slot.home))
                return
            async with self._home(home_id) as (home, _):
                await self._in_thread(lambda: self._let_out(slot, home))

    async def _remove(self, slot: Slot) -> None:
        await self._take_out(slot)
        with may_be_away(f"The slot of workspace {slot.workspace_id} cannot be removed"):
            await self._in_thread(slot.remove)

    async def _mount(self, slot: Slot, home_id: HomeId) -> None:
        async with self._home(home_id) as (home, owners):
            await self._in_thread(lambda: self._show(slot, home, owners))

    def _share_slots(self) -> None:
        """A machine that started anew has forgotten it. To do it twice would cover what is mounted below. Machines share their root, and
        what is mounted here must not appear there too: so it is apart from what it was made of.
        """
        self._slots.mkdir(mode=0o711, parents=True, exist_ok=True)
        path = str(self._slots)
        with self._sharing:
            if not _mounts_of(self._slots):
                kernel.bind(path)
            own = _mounts_of(self._slots)[-1]
            with_it = [each for each in mountinfo.mounted() if each.peers == own.peers]
            if not own.is_shared or len(with_it) > 1:
                kernel.share(path)
        if self._engine is not None:
            demand_sight(self._engine, self._slots)
            self._engine = None  # neither moves to another namespace while it runs

    def _unshare_slots(self) -> None:
        with self._sharing:
            if slots_in(self._slots):
                return
            for _ in _mounts_of(self._slots):
                kernel.unmount(str(self._slots.resolve()), by_force=False)

    def _show(self, slot: Slot, home: int, owners: Owners) -> None:
        plan = slot.plan
        if not any(each.point == _point(slot.home) for each in _mounts_at(slot.home)):
            folders.make_room(home, plan.folders, _owner_of(home))
            with _opened(slot.home) as target:
                self._mapper.mount(home, target, plan.owner, owners, what=str(slot.home))
        with _opened(slot.home) as shown:
            folders.bring_in(shown, plan.folders)

    def _let_out(self, slot: Slot, home: int) -> None:
        """What was written is on the disk before it counts as out."""
        _unmount(slot.home)
        folders.take_away_room(home, slot.plan.folders)
        rescue(slot, home, _owner_of(home))
        written_out(Path(f"/proc/self/fd/{home}"))
        slot.hold_nothing()

    @asynccontextmanager
    async def _home(self, home_id: HomeId) -> AsyncIterator[tuple[int, Owners]]:
        """Its files, as an open directory, and whose they can be; made if it is new. An engine's volumes are where only root comes."""
        volume = await self._in_thread(lambda: volume_of(self._homes, home_id))
        place = await self._place_of_volume(volume) if volume is not None else None
        opened = await self._in_thread(lambda: self._open(home_id) if place is None else _open(place))
        try:
            yield opened, Owners.ONE if place is None else Owners.ALL
        finally:
            os.close(opened)

    def _open(self, home_id: HomeId) -> int:
        """A new one belongs to whoever has the directory of homes."""
        with _opened(self._homes) as homes:
            with suppress(FileNotFoundError):
                return os.open(home_id, DIRECTORY, dir_fd=homes)
            draft, owner = f".{home_id}.new", _owner_of(homes)
            with suppress(FileExistsError):
                os.mkdir(draft, 0o700, dir_fd=homes)
            os.chown(draft, owner.uid, owner.gid, dir_fd=homes, follow_symlinks=False)
            os.rename(draft, home_id, src_dir_fd=homes, dst_dir_fd=homes)
            return os.open(home_id, DIRECTORY, dir_fd=homes)

    def _slot(self, workspace_id: WorkspaceId) -> Slot:
        refuse_nameless(workspace_id)
        return Slot(self._slots, workspace_id)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def _share_folders(slot: Slot) -> None:
    """Where no home ever comes."""
    with _opened(slot.home) as home:
        folders.make_room(home, slot.plan.folders, slot.plan.owner)
        folders.bring_in(home, slot.plan.folders)


def _owner_of(directory: int) -> FileOwner:
    found = os.fstat(directory)
    return FileOwner(found.st_uid, found.st_gid)


def _open(directory: Path) -> int:
    return os.open(directory, DIRECTORY)


@contextmanager
def _opened(directory: Path) -> Iterator[int]:
    opened = _open(directory)
    try:
        yield opened
    finally:
        os.close(opened)


def _point(home: Path) -> bytes:
    return os.fsencode(home.parent.resolve() / home.name)


def _mounts_of(directory: Path) -> list[mountinfo.Mount]:
    own = os.fsencode(directory.resolve())
    return [each for each in mountinfo.mounted() if each.point == own]


def _mounts_at(home: Path) -> list[mountinfo.Mount]:
    return mountinfo.below(_point(home), mountinfo.mounted())


def _unmount(home: Path) -> None:
    """What is in the home, then the home; by force at last, and all at once: everything of the workspace has ended, so only strangers can
    have something open there.
    """
    for turn in range(2 * _PATIENCE):
        mounts = _mounts_at(home)
        if not mounts:
            return
        by_force = turn >= _PATIENCE
        try:
            kernel.unmount(os.fsdecode((mounts[0] if by_force else mounts[-1]).point), by_force=by_force)
        except OSError as problem:
            if by_force and problem.errno != errno.EBUSY:
                raise
            time.sleep(_PAUSE)
    raise DriverUnavailable(f"{home} is still a mount point: unmount it.")
