"""What is done in a workspace once its person's files are in it, before they go in."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Startup:
    """A command that makes the home ready. It may run more than once: after a crash of ours it is begun again."""

    command: tuple[str, ...]
    check: tuple[str, ...] = ()
    """Ends with 0 where all is as it should be. Asked before the command, which is then not run, and after it; none: the command's own end counts."""
    retries: int = 3
    backoff: timedelta = timedelta(seconds=2)
    """Before the first retry; doubled before each further one."""
    timeout: timedelta = timedelta(minutes=2)
    """For each try."""


@dataclass(frozen=True, slots=True)
class Repository:
    """Cloned into the home unless something stands there already."""

    url: str
    into: str
    """Relative to the home."""
    ref: str = ""
    """A branch or tag; the repository's own if empty."""
