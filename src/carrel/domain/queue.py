"""What those who wait in one pool may hope for, at one instant. Plain data; decides nothing."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from carrel.domain.ids import WorkspaceId
from carrel.domain.workspace import Phase


class Share(StrEnum):
    ANYBODYS = "anybodys"
    """It goes to whoever is next."""
    MINE = "mine"
    """Started for whoever asks, with their files."""
    ANOTHERS = "anothers"


@dataclass(frozen=True, slots=True)
class Coming:
    """A workspace on its way, with no more of it than those who wait need to know."""

    created_at: datetime
    phase: Phase
    phase_at: datetime
    has_address: bool = False
    """Its instance runs somewhere; what is missing is the answer of its app."""
    whose: Share = Share.ANYBODYS
    id: WorkspaceId | None = None


@dataclass(frozen=True, slots=True)
class Queue:
    limit: int
    """How many live workspaces the pool may have."""
    room: int
    """How many more of them may be started now."""
    coming: tuple[Coming, ...] = ()
    """One's own first, then the oldest; no more of them than there are places up to the one that was asked about."""
    start_times: tuple[timedelta, ...] = ()
    """How long the pool's last starts took."""
    is_failing: bool = False
    """The newest start failed, or could not even be tried, and nothing came up since."""
    is_unseen: bool = False
    """Its backend cannot even be asked: nothing was tried."""
    is_paused: bool = False


@dataclass(frozen=True, slots=True)
class Estimate:
    """How long something will probably take: one start in four is done by `low`, half by `likely`, nine in ten by `high`."""

    low: timedelta
    likely: timedelta
    high: timedelta
