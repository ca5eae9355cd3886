"""Why something was stopped, refused or ended: a code for programs, and a sentence shown to people word for word."""

from dataclasses import dataclass
from enum import StrEnum


class ReasonCode(StrEnum):
    RELEASED = "released"
    """Its holder, or an admin, gave it back."""
    STOPPED_BY_ADMIN = "stopped_by_admin"
    EXPIRED = "expired"
    """Older than the pool's max_age."""
    IDLE = "idle"
    """Nobody used it for the pool's stop_after_idle."""
    UNENTERED = "unentered"
    """Held, and never entered."""
    UNWATCHED = "unwatched"
    """Waiting, and nobody asked after it any more."""
    CRASHED = "crashed"
    """The app ended by itself."""
    QUIT = "quit"
    """The app ended by itself and reported no error, as when it is shut down from inside."""
    KILLED = "killed"
    """Something outside ended the app by force; why is not known, but memory that ran out is the usual cause."""
    OUT_OF_MEMORY = "out_of_memory"
    """The app was ended, or could not be started, because memory ran out."""
    DISK_FULL = "disk_full"
    """A full disk ended the app, or kept it from starting or from writing."""
    TOO_MANY_PROCESSES = "too_many_processes"
    """It has as many processes as it may, and what is in it cannot start another one."""
    ENGINE_RESTARTED = "engine_restarted"
    """It ended together with the container engine."""
    UNRESPONSIVE = "unresponsive"
    """The app runs but does not answer."""
    START_TIMEOUT = "start_timeout"
    REJECTED = "rejected"
    """The driver refused the recipe: a value in it is wrong."""
    COMMAND_MISSING = "command_missing"
    """The program of the template is not there, or is no program of this machine."""
    IMAGE_MISSING = "image_missing"
    """The image of the template is not there, or may not be fetched."""
    NOT_PERMITTED = "not_permitted"
    """Carrel's user may not run or open what the template names."""
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
