"""The two kinds of Docker backend: homes come into containers that run already, or only as one starts. Decided once, as it is opened."""

from collections.abc import AsyncIterator, Sequence

from carrel.domain.ids import HomeId, WorkspaceId
from carrel.drivers.docker.containers import ContainerDriver, Parts
from carrel.drivers.docker.homes.adopting import Adopting
from carrel.drivers.docker.homes.mounted import MountedHomes
from carrel.drivers.docker.homes.mounts import Mounts
from carrel.drivers.docker.homes.volumes import VolumeHomes
from carrel.ports.driver import Adoptable, KeepsHomes


class _KeepingDriver(ContainerDriver):
    """Keeps homes, and takes over volumes that another system left on the engine."""

    def __init__(self, parts: Parts, homes: KeepsHomes, adopting: Adopting) -> None:
        super().__init__(parts)
        self._kept = homes
        self._adopting = adopting

    @property
    def home_place(self) -> str:
        return self._kept.home_place

    async def measure_home(self, home_id: HomeId) -> int:
        return await self._kept.measure_home(home_id)

    def archive_home(self, home_id: HomeId) -> AsyncIterator[bytes]:
        return self._kept.archive_home(home_id)

    async def remove_home(self, home_id: HomeId) -> None:
        await self._kept.remove_home(home_id)

    async def adoptable(self) -> Sequence[Adoptable]:
        return await self._adopting.adoptable()

    async def adopt(self, home_id: HomeId, name: str) -> None:
        await self._adopting.adopt(home_id, name)


class MountedDriver(_KeepingDriver):
    """Brings homes in by mounting them on the engine's machine, which is this one."""

    def __init__(self, parts: Parts, homes: MountedHomes, mounts: Mounts, adopting: Adopting) -> None:
        super().__init__(parts, homes, adopting)
        self._homes = homes
        self._mounts = mounts

    async def attach(self, workspace_id: WorkspaceId, home_id: HomeId) -> None:
        await self._turns.take(workspace_id, lambda: self._attach(workspace_id, home_id))

    async def leave(self) -> None:
        await super().leave()
        await self._mounts.leave()

    async def aclose(self) -> None:
        await super().aclose()
        self._homes.close()
        await self._mounts.aclose()

    async def _attach(self, workspace_id: WorkspaceId, home_id: HomeId) -> None:
        await self._standing(workspace_id)
        await self._homes.attach(workspace_id, home_id)


class VolumeDriver(_KeepingDriver):
    """Starts each container with its person's home, a volume of the engine."""

    def __init__(self, parts: Parts, homes: VolumeHomes, adopting: Adopting, why: str) -> None:
        super().__init__(parts, homes, adopting)
        self._why = why

    @property
    def starts_with_home(self) -> str:
        return self._why
