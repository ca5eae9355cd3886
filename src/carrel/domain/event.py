"""One line of a timeline: what happened to a workspace or a claim, when, and why. Kept after the thing is gone."""

from dataclasses import dataclass
from datetime import datetime

from carrel.domain.ids import ClaimId, WorkspaceId


@dataclass(frozen=True, slots=True)
class Event:
    seq: int
    """1, 2, 3 … within its one subject (the workspace or the claim), so that any replica can resume a stream after the last one seen."""
    at: datetime
    kind: str
    """A short word, e.g. "waiting", "assigned", "starting", "ready", "stopping", "gone", "failed", "entered", "released"."""
    sentence: str
    workspace_id: WorkspaceId | None = None
    claim_id: ClaimId | None = None
