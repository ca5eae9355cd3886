"""A report: what somebody told the admins about a workspace that failed them."""

from pydantic import Field

from carrel.wire.v1.shape import Asking, Id, Telling, Time


class SentReport(Telling):
    id: str
    at: Time
    """When it was sent, or last renewed."""
    pool: str
    claim: str | None
    workspace: str | None
    message: str
    """In the person's own words; may be empty."""


class Report(SentReport):
    user: str
    """The id of whoever sent it."""
    user_name: str
    done_at: Time | None
    done_by: str | None


class WholeReport(Report):
    attached: str
    """Plain text: the facts, the timeline and the last log lines, as they were then."""


class ReportRequest(Asking):
    claim_id: Id | None = None
    workspace_id: Id | None = None
    """Either of the two: what it is about."""
    message: str = Field(default="", max_length=4000)
