"""Evidence of use: what the data plane reports of streams, what apps say when they are asked, and what one round makes of it."""

from dataclasses import dataclass
from datetime import datetime

from carrel.domain.ids import WorkspaceId


@dataclass(frozen=True, slots=True)
class Seen:
    """It was in use, perhaps long ago."""

    at: datetime
    because: str
    """Goes on from "in use until …:"."""


@dataclass(frozen=True, slots=True)
class NotSeen:
    """It was asked, and shows no use."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """It could not be asked, or its answer says nothing. Never taken for idleness."""

    why: str


Evidence = Seen | NotSeen | Unknown


@dataclass(frozen=True, slots=True)
class Observation:
    """All evidence about one workspace, from one round of asking."""

    workspace_id: WorkspaceId
    observed_at: datetime | None
    """Up to when it is known; None where something could not be asked."""
    active_at: datetime | None = None
    because: str | None = None
    is_after_gap: bool = False
    """Nobody looked for a while: whoever was warned before that is warned again."""


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
    began: datetime | None = None
    stream: str = ""
    """Told apart from every other by this, its beginning, its path and its workspace."""
