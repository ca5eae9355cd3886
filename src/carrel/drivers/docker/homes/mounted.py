"""Homes that are mounted into containers which run already, and kept as directories on this machine. The containers are others' to end."""

from collections.abc import AsyncIterator
from pathlib import Path

from carrel.domain.ids import HomeId, WorkspaceId
from carrel.domain.template import HomeKind
from carrel.drivers.docker.engine import Engine
from carrel.drivers.docker.homes.adopting import Adopting, volume_of
from carrel.drivers.docker.homes.mounts import FileOwner, Mounts, SlotPlan
from carrel.drivers.docker.homes.owners import base, on_machine
from carrel.drivers.docker.homes.volumes import VolumeHomes
from carrel.drivers.docker.labels import Owner
from carrel.drivers.ondisk.homes import PLACE, Homes
from carrel.ports.driver import DriverUnavailable, Spec


class MountedHomes:
    """`homes`: the directory of them. Those that were another system's volumes stay volumes, and are looked at by the engine."""

    def __init__(self, engine: Engine, mounts: Mounts, owner: Owner, homes: Path) -> None:
        self._engine = engine
        self._mounts = mounts
        self._directory = homes
        self._on_disk = Homes(homes, held_by=lambda _: None)
        self._volumes = VolumeHomes(engine, owner, homes)
        self._adopting = Adopting(engine, homes, mounts=True)
        self._base: FileOwner | None = None

    async def make_ready(self, spec: Spec, owner: FileOwner) -> str:
        """Before each start of a container: what is to be bound with `rslave` at its home_path, for every kind of home.

        `owner`: inside the container (`owners.home_owner`). Rejected once the home was taken out.
        """
        template = spec.template
        on_disk = on_machine(owner, await self._base_of_ids())
        plan = SlotPlan(on_disk, template.home is HomeKind.PERSISTENT, dict(template.data))
        return await self._mounts.make_slot(spec.workspace_id, plan)

    async def attach(self, workspace_id: WorkspaceId, home_id: HomeId) -> None:
        """As `ports.driver.Attaches`, of an instance that the caller has found to be ours."""
        await self._mounts.bring_in(workspace_id, home_id)

    async def let_out(self, workspace_id: WorkspaceId) -> None:
        """For detach, once every container of the workspace has ended."""
        await self._mounts.take_out(workspace_id)

    async def remove_slot(self, workspace_id: WorkspaceId) -> None:
        """For destroy, once every container of the workspace has ended and before they are removed. The home stays."""
        await self._mounts.remove_slot(workspace_id)

    @property
    def home_place(self) -> str:
        """The same as that of programs on this machine: who has files there has them here."""
        return PLACE

    async def measure_home(self, home_id: HomeId) -> int:
        if volume_of(self._directory, home_id) is not None:
            return await self._volumes.measure_home(home_id)
        return await self._on_disk.measure(home_id)

    def archive_home(self, home_id: HomeId) -> AsyncIterator[bytes]:
        if volume_of(self._directory, home_id) is not None:
            return self._volumes.archive_home(home_id)
        return self._on_disk.archive(home_id)

    async def remove_home(self, home_id: HomeId) -> None:
        """The store says that it is in no workspace; a slot that says otherwise is believed."""
        for workspace_id, slot in (await self._mounts.slots()).items():
            if slot.home_id == home_id:
                raise DriverUnavailable(
                    f"Home {home_id} is in workspace {workspace_id} still, so it is not removed."
                )
        if not await self._adopting.remove(home_id):
            await self._on_disk.remove(home_id)

    def close(self) -> None:
        """What is being measured is let go of."""
        self._on_disk.close()

    async def _base_of_ids(self) -> FileOwner:
        if self._base is None:
            found = await self._engine.call("GET", "info", what="The engine cannot be asked about its users")
            self._base = base(str(found.get("DockerRootDir", "")))
        return self._base
