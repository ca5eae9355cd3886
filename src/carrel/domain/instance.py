"""An instance: what a driver shows of one workspace, read back from the instance's own tags."""

from dataclasses import dataclass, field
from datetime import datetime
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
class Progress:
    """How far a long start has come, for those who wait for it."""

    sentence: str
    """What is being done, without the figure, e.g. "The image quay.io/jupyter/scipy-notebook is being fetched." """
    fraction: float | None = None
    """Of it done, 0 to 1; None where nobody can say."""
    trouble: str | None = None
    """What went wrong at its last try, while it is tried again."""


@dataclass(frozen=True, slots=True)
class Ailment:
    """What an instance that runs suffers from, such as a limit it keeps running into."""

    code: ReasonCode
    sentence: str
    """For its person: what happened, and what helps."""
    at: datetime | None = field(default=None, compare=False)
    """When it happened, or was first told; None where nobody knows."""


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
    progress: Progress | None = None
    """For a starting one, where the driver can tell."""
    begun_at: datetime | None = None
    """When what runs was made, where that may be long after it was asked for: an image that is fetched takes its time."""
