"""What a failure comes down to, told to people: which kind it is, whose problem that is, and what helps."""

from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """The kinds of failure that people can tell apart by what they should do now."""

    IMAGE = "image"
    COMMAND = "command"
    RECIPE = "recipe"
    """The template cannot work as it is, for another reason than a missing image or command."""
    CRASH = "crash"
    QUIT = "quit"
    """The app ended without an error."""
    TIMEOUT = "timeout"
    MEMORY = "memory"
    DISK = "disk"
    PORT = "port"
    PERMISSION = "permission"
    NETWORK = "network"
    LIMIT = "limit"
    FILES = "files"
    """The person's files could not be brought in."""
    LOST = "lost"
    UNKNOWN = "unknown"


class Whose(StrEnum):
    """Who can do something about it, or what failed where nobody is to blame."""

    YOU = "you"
    ADMIN = "admin"
    MACHINE = "machine"
    APP = "app"


@dataclass(frozen=True, slots=True)
class Cause:
    fault: Fault
    whose: Whose
    sentence: str
    """Names the cause, in words for the person."""
    blame: str
    """Whose problem it is, as a sentence to the person."""
    advice: str
    """What the person can do."""
    remedy: str
    """What an admin can do."""
