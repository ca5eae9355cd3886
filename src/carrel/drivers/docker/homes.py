"""Homes that are mounted into containers which run already, and kept as directories on this machine. The containers are others' to end."""

from carrel.domain.ids import HomeId, WorkspaceId
from carrel.domain.template import HomeKind
from carrel.drivers.docker.engine import Engine
from carrel.drivers.docker.mounts import FileOwner, Mounts, SlotPlan
from carrel.drivers.docker.owners import on_machine
from carrel.ports.driver import Spec


class MountedHomes:
    def __init__(self, engine: Engine, mounts: Mounts) -> None:
        self._engine = engine
        self._mounts = mounts

    async def make_ready(self, spec: Spec, owner: FileOwner) -> str:
        """Before each start of a container: what is to be bound with `rslave` at its home_path, for every kind of home.

        `owner`: inside the container (`owners.home_owner`). Rejected once the home was taken out.
        """
        base = FileOwner(0, 0)
        plan = SlotPlan(
            on_machine(owner, base), spec.template.home is HomeKind.PERSISTENT, dict(spec.template.data)
        )
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
