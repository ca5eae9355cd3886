"""One entry of the audit trail: who did what to whom."""

from carrel.wire.v1.shape import Telling, Time


class AuditEntry(Telling):
    at: Time
    actor: str
    action: str
    target: str
    target_name: str | None
    """What the person is called that it was done to."""
    detail: str
