"""`Mounts` done by this process, which must be root on the engine's machine: slots as directories, homes mounted in them."""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from carrel.domain.ids import HomeId, WorkspaceId
from carrel.drivers.docker.mounts import SlotPlan, SlotView
from carrel.ports.driver import DriverUnavailable

PlaceOfVolume = Callable[[str], Awaitable[Path]]
"""Where on this machine the engine keeps a volume of that name. Raises DriverUnavailable, Rejected where there is none."""


class OwnMounts:
    """`slots`: a directory for this alone, below which nobody but root may write. `homes`: a directory each, of who runs Carrel;
    `<home id>.volume` there holds the name of a volume of the engine that is this home.
    """

    def __init__(self, slots: Path, homes: Path, place_of_volume: PlaceOfVolume) -> None:
        self._slots = slots
        self._homes = homes
        self._place_of_volume = place_of_volume

    async def make_slot(self, workspace_id: WorkspaceId, plan: SlotPlan) -> str:
        raise DriverUnavailable("Homes cannot be mounted yet.")

    async def bring_in(self, workspace_id: WorkspaceId, home_id: HomeId) -> None:
        raise DriverUnavailable("Homes cannot be mounted yet.")

    async def take_out(self, workspace_id: WorkspaceId) -> None:
        raise DriverUnavailable("Homes cannot be mounted yet.")

    async def remove_slot(self, workspace_id: WorkspaceId) -> None:
        raise DriverUnavailable("Homes cannot be mounted yet.")

    async def slots(self) -> Mapping[WorkspaceId, SlotView]:
        raise DriverUnavailable("Homes cannot be mounted yet.")

    async def aclose(self) -> None:
        """What is mounted stays."""
