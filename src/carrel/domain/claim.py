"""A claim: a person's request for a workspace, and the holding of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from carrel.domain.ids import ClaimId, PoolName, UserId, WorkspaceId


class ClaimState(StrEnum):
    WAITING = "waiting"
    HELD = "held"
    RELEASED = "released"


@dataclass(frozen=True, slots=True)
class Claim:
    id: ClaimId
    user_id: UserId
    pool: PoolName
    name: str
    """A person may hold several claims of one pool under different names; the usual one is called "default"."""
    state: ClaimState
    created_at: datetime
    watched_at: datetime
    """When somebody last asked after it; a waiting claim that nobody watches lapses."""
    version: int = 0
    workspace_id: WorkspaceId | None = None
    held_at: datetime | None = None
    released_at: datetime | None = None
    release_at: datetime | None = None
    """Its holder gave it back and may still undo that; it is released at this time."""
    reason: str | None = None
    reason_code: str | None = None
