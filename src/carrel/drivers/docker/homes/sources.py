"""How a person's files come to a container as it is made and started: room for a mount that comes later, or a volume that is there."""

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Protocol

from carrel.domain.ids import TemplateName, WorkspaceId
from carrel.domain.template import HomeKind, Template
from carrel.drivers.docker import container
from carrel.drivers.docker.container import Body, Plan
from carrel.drivers.docker.homes.mounted import MountedHomes
from carrel.drivers.docker.homes.mounts import FileOwner
from carrel.drivers.docker.homes.volumes import VolumeHomes
from carrel.drivers.docker.person import SLOT
from carrel.ports.driver import Spec


class Source(Protocol):
    async def mounts(self, plan: Plan, owner: FileOwner) -> Sequence[Body]:
        """What the app's container has besides its slot; before each start. Raises as `ports.driver.Driver.create`."""
        ...

    def directories(self, plan: Plan) -> Sequence[str]:
        """Of the slot, which the person's files need there."""
        ...

    async def hand_over(self, plan: Plan, owner: FileOwner) -> None:
        """Between the first making of a container and its start."""
        ...

    async def let_out(self, workspace_id: WorkspaceId) -> None:
        """Once every container of it has ended. Repeating it is harmless."""
        ...

    async def remove(self, workspace_id: WorkspaceId) -> None:
        """What was made for one workspace; never anybody's files. Once every container of it has ended."""
        ...


class MountedSource:
    def __init__(self, homes: MountedHomes) -> None:
        self._homes = homes

    async def mounts(self, plan: Plan, owner: FileOwner) -> Sequence[Body]:
        slot = await self._homes.make_ready(_recipe(plan), owner)
        return [container.mounted_home(slot, plan.home_path)]

    def directories(self, plan: Plan) -> Sequence[str]:
        return ()

    async def hand_over(self, plan: Plan, owner: FileOwner) -> None:
        """Whoever mounts it sees to that."""

    async def let_out(self, workspace_id: WorkspaceId) -> None:
        await self._homes.let_out(workspace_id)

    async def remove(self, workspace_id: WorkspaceId) -> None:
        await self._homes.remove_slot(workspace_id)


class VolumeSource:
    def __init__(self, homes: VolumeHomes) -> None:
        self._homes = homes

    async def mounts(self, plan: Plan, owner: FileOwner) -> Sequence[Body]:
        shared = container.shared_folders(plan)
        if plan.home_id is not None:
            volume = await self._homes.make(plan.home_id)
            return [container.volume_home(volume, plan.home_path), *shared]
        if plan.home is HomeKind.NONE or _is_in_slot(plan):
            return shared
        return [container.passing_home(plan.home_path), *shared]

    def directories(self, plan: Plan) -> Sequence[str]:
        if plan.home_id is not None or not _is_in_slot(plan):
            return ()
        return (str(PurePosixPath(plan.home_path).relative_to(SLOT)),)

    async def hand_over(self, plan: Plan, owner: FileOwner) -> None:
        if plan.home_id is not None:
            name = plan.members[0].name
            await self._homes.hand_over(name, plan.home_path, owner)

    async def let_out(self, workspace_id: WorkspaceId) -> None:
        """A volume is nobody's once its container has ended."""

    async def remove(self, workspace_id: WorkspaceId) -> None:
        """A volume of a home stays, and others go with their containers."""


def _is_in_slot(plan: Plan) -> bool:
    return PurePosixPath(plan.home_path).is_relative_to(SLOT)


def _recipe(plan: Plan) -> Spec:
    """As much of it as counts for files."""
    template = Template(TemplateName("kept"), (), home=plan.home, data=plan.data)
    return Spec(plan.workspace_id, plan.pool, template, secret="")
