"""What a person told the admins about a workspace that failed them, with the timeline as it stood then."""

from dataclasses import dataclass
from datetime import datetime

from carrel.domain.ids import ClaimId, PoolName, ReportId, UserId, WorkspaceId


@dataclass(frozen=True, slots=True)
class Report:
    id: ReportId
    at: datetime
    user_id: UserId
    pool: PoolName
    message: str
    """In the person's own words; may be empty."""
    attached: str
    """Plain text: the timeline and the last log lines when it was sent."""
    claim_id: ClaimId | None = None
    workspace_id: WorkspaceId | None = None
    done_at: datetime | None = None
    done_by: str | None = None
