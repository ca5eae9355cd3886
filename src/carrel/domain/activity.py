"""Evidence of use, as the data plane reports it."""

from dataclasses import dataclass
from datetime import datetime

from carrel.domain.ids import WorkspaceId


@dataclass(frozen=True, slots=True)
class StreamReport:
    """One long-lived stream of one workspace, as written at most once a minute; bytes since the stream began."""

    workspace_id: WorkspaceId
    at: datetime
    received: int
    """Bytes from the person."""
    sent: int
    code: int
