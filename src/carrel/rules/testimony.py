"""What apps say of their own use, understood: each answer becomes evidence, and one that is not understood is unknown. Asks nobody."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from carrel.domain.activity import Evidence, NotSeen, Seen, Unknown

_STRANGE: Final = Unknown("its app gave an answer that is not understood")
_IN_USE, _NOT_IN_USE = 0, 1
_IDLE_SECONDS: Final = re.compile(r"^\s*idle-seconds:\s*(\d{1,9})\s*$", re.MULTILINE)
_SESSIONS: Final = re.compile(r"^\s*active-sessions:\s*(\d{1,9})\s*$", re.MULTILINE)


def jupyter(kernels: object, terminals: object, now: datetime) -> Evidence:
    """From its lists of kernels and terminals. Never from `api/status`, which an open tab keeps fresh by itself."""
    try:
        if any(kernel.get("execution_state") == "busy" for kernel in _entries(kernels)):
            return Seen(now, "a kernel is computing")
        signs = [
            *((_moment(kernel), "a kernel computed") for kernel in _entries(kernels)),
            *((_moment(terminal), "a terminal was used") for terminal in _entries(terminals)),
        ]
    except (KeyError, ValueError, TypeError, OverflowError):
        return _STRANGE
    if not signs:
        return NotSeen()
    at, because = max(signs)
    return Seen(min(at, now), because)


def rstudio(health: str, now: datetime) -> Evidence:
    """From the text of its health check in the form it has unless somebody changes it."""
    idle, sessions = _IDLE_SECONDS.search(health), _SESSIONS.search(health)
    if idle is None or sessions is None:
        return _STRANGE
    if int(sessions[1]) == 0:
        return NotSeen()
    return Seen(now - timedelta(seconds=int(idle[1])), "RStudio was used")


def command(code: int, now: datetime) -> Evidence:
    """From the exit status of the template's own check."""
    if code == _IN_USE:
        return Seen(now, "its own check says so")
    if code == _NOT_IN_USE:
        return NotSeen()
    return Unknown(f"its own check ended with {code}, where 0 means in use and 1 means not")


def _entries(listed: object) -> Iterator[Mapping[str, object]]:
    if not isinstance(listed, list):
        raise TypeError("no list")
    for entry in listed:
        if not isinstance(entry, Mapping):
            raise TypeError("no entry")
        yield entry


def _moment(entry: Mapping[str, object]) -> datetime:
    at = datetime.fromisoformat(str(entry["last_activity"]))
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
