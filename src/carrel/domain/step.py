"""One step on the way from asking for a workspace to being in it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class StepName(StrEnum):
    """In the order in which they are taken."""

    QUEUE = "queue"
    """Until a workspace is on its way for this place in the line."""
    MACHINE = "machine"
    """Until the backend took it."""
    START = "start"
    """Until it runs somewhere."""
    APP = "app"
    """Until its app answers."""
    FILES = "files"
    """Until the person's files are in it."""
    PREPARE = "prepare"
    """Until it was made ready for them. Only where its template says how."""


class StepState(StrEnum):
    DONE = "done"
    NOW = "now"
    AHEAD = "todo"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Step:
    name: StepName
    state: StepState
    began_at: datetime | None = None
    took: timedelta | None = None
    """Until now for the one that is under way. None where nobody knows, or where nobody had to wait for it."""
    note: str = ""
    fraction: float | None = None
    """Of the one that is under way, done, 0 to 1. None where nobody knows."""
