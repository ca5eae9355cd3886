"""Evidence of use, as the data plane reports it."""

from dataclasses import dataclass
from datetime import datetime

from carrel.domain.ids import WorkspaceId


@dataclass(frozen=True, slots=True)
class StreamReport:
    """One stream of one workspace: a long-lived one once a minute, and every PUT, POST, PATCH and DELETE at its end. Bytes since it began."""

    workspace_id: WorkspaceId
    at: datetime
    received: int
    """Bytes from the person."""
    sent: int
    code: int
    method: str = "GET"
    path: str = ""
    """Relative to the workspace's root, without the query: which writes are use is the template's to say, an open tab alone writes too."""
