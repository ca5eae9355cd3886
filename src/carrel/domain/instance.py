"""An instance: what a driver shows of one workspace, read back from the instance's own tags."""

from dataclasses import dataclass
from enum import StrEnum

from carrel.domain.endpoint import Endpoint
from carrel.domain.ids import PoolName, WorkspaceId
from carrel.domain.reason import ReasonCode


class InstanceState(StrEnum):
    STARTING = "starting"
    """Accepted; there may be no endpoint yet."""
    RUNNING = "running"
    """Its processes run. Whether the app answers is not the driver's to say."""
    ENDED = "ended"
    """It ran, or tried to, and ended without being asked."""
    STOPPING = "stopping"


@dataclass(frozen=True, slots=True)
class Instance:
    workspace_id: WorkspaceId
    pool: PoolName | None
    """None where the tag is damaged; it is still ours to remove."""
    state: InstanceState
    endpoint: Endpoint | None = None
    handle: str | None = None
    sentence: str | None = None
    """For an ended one: what is known of why, e.g. "The command ended with exit status 1." """
    code: ReasonCode | None = None
    """The same for programs, where the driver can tell; it crashed, where it cannot."""
