"""What the Docker driver needs of a machine's mounts, as few verbs as will do: done in this process where it is root, else by the gate.

The verbs take ids and numbers, never a place that the control plane could choose; whoever does them finds the places by itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from carrel.domain.ids import HomeId, WorkspaceId


@dataclass(frozen=True, slots=True)
class FileOwner:
    """Whose files are, in numbers."""

    uid: int
    gid: int

    def __str__(self) -> str:
        return f"{self.uid}:{self.gid}"


@dataclass(frozen=True, slots=True)
class SlotPlan:
    """What a slot is made for; it keeps this, so that nobody has to know it again later."""

    owner: FileOwner
    """Of the person's files, as this machine sees them: where the engine has user namespaces, their base is added already."""
    takes_home: bool
    """Whether a home may be brought in later."""
    folders: Mapping[str, str] = field(default_factory=dict)
    """Shared folders, for reading: name in the home, and where they are on this machine. They come in with the home, or at once where none
    comes."""


@dataclass(frozen=True, slots=True)
class SlotView:
    """A slot as it is."""

    is_open: bool
    """False for good once its home was taken out, whether there was one or not."""
    home_id: HomeId | None
    """The home that is in it, or on its way in or out."""


class Mounts(Protocol):
    """Each verb may be given up, repeated and killed at any line; the next call of the same verb completes it.

    Each raises DriverUnavailable, and Rejected where it can never work.
    """

    async def make_slot(self, workspace_id: WorkspaceId, plan: SlotPlan) -> str:
        """The directory to be bind-mounted with `rslave` where the person's files appear. Before each start of a container: it stands
        then, shared, with the home that is in it. Of a slot that stands the plan stays as it was. Rejected once its home was taken out.
        """
        ...

    async def bring_in(self, workspace_id: WorkspaceId, home_id: HomeId) -> None:
        """The home appears in the slot, and in the container that has it. Made if it is new.

        Rejected: no such slot, it takes no home, another is in it, it was taken out.
        """
        ...

    async def take_out(self, workspace_id: WorkspaceId) -> None:
        """Only once every container of the workspace has ended. What they wrote is on the disk and the home is mounted here no more; the
        slot takes none ever after. Absence is success.
        """
        ...

    async def remove_slot(self, workspace_id: WorkspaceId) -> None:
        """As take_out, and the slot is gone. DriverUnavailable, and nothing removed, while anything is mounted below it."""
        ...

    async def slots(self) -> Mapping[WorkspaceId, SlotView]:
        """Those that stand, whatever their containers do."""
        ...

    async def leave(self) -> None:
        """Nothing is mounted here any more, so that the directory of the slots can be removed. Without effect while any of them stands."""
        ...

    async def aclose(self) -> None: ...
