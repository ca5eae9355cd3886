"""Why something was stopped, refused or ended: a code for programs, and a sentence shown to people word for word."""

from dataclasses import dataclass
from enum import StrEnum


class ReasonCode(StrEnum):
    RELEASED = "released"
    """Its holder, or an admin, gave it back."""
    STOPPED_BY_ADMIN = "stopped_by_admin"
    EXPIRED = "expired"
    """Older than the pool's max_age."""
    UNENTERED = "unentered"
    """Held, and never entered."""
    UNWATCHED = "unwatched"
    """Waiting, and nobody asked after it any more."""
    CRASHED = "crashed"
    """The app ended by itself."""
    UNRESPONSIVE = "unresponsive"
    """The app runs but does not answer."""
    START_TIMEOUT = "start_timeout"
    REJECTED = "rejected"
    """The driver refused the recipe: a command or image is missing, a value is wrong."""
    LOST = "lost"
    """The driver no longer has it."""
    ATTACH_FAILED = "attach_failed"
    """The person's files could not be brought in."""
    OUTDATED = "outdated"
    """Warm, of an older version of the template."""
    STALE = "stale"
    """Warm, and older than retire_warm_after."""
    SURPLUS = "surplus"
    """Warm, and more than the pool wants."""
    RESTARTED = "restarted"
    UNKNOWN = "unknown"
    """The driver shows it, and the store knows nothing of it."""


@dataclass(frozen=True, slots=True)
class Reason:
    code: ReasonCode
    sentence: str
