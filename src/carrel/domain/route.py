"""What the data plane is told: where each workspace answers, and who may no longer enter."""

from dataclasses import dataclass
from datetime import datetime

from carrel.domain.endpoint import Endpoint
from carrel.domain.ids import SessionId, WorkspaceId


@dataclass(frozen=True, slots=True)
class Route:
    workspace_id: WorkspaceId
    endpoint: Endpoint
    authorization: str
    """The whole value put into the Authorization header towards the app. Never empty: a row without a secret is refused."""
    strip: bool = False
    """Whether the app is shown paths without `/w/<id>`."""


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A session, or everybody at one door, that may not enter until `until`, whatever signed cookie they hold."""

    until: datetime
    session_id: SessionId | None = None
    workspace_id: WorkspaceId | None = None
