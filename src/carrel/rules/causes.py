"""What a failure comes down to: from its code, its sentence and the app's last lines to one kind, and so to whose problem it is.

Text is read only where the code leaves it open; the words themselves are in `rules.blame`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from carrel.domain.cause import Cause, Fault
from carrel.domain.pool import Pool
from carrel.domain.reason import ReasonCode
from carrel.rules import blame


@dataclass(frozen=True, slots=True)
class Mishap:
    """What was recorded of it."""

    code: str | None
    """A ReasonCode, or one of a newer version of us."""
    sentence: str
    lines: Sequence[str] = ()
    """What the app printed last."""
    was_in_use: bool = False
    """It had been ready and somebody's; else it failed before anybody could use it."""


class Delay(StrEnum):
    """What keeps a pool from starting anything though no workspace failed: also the kind of that line in the pool's timeline."""

    FULL = "full"
    AWAY = "away"
    UNSEEN = "unseen"


_KNOWN: Final[Mapping[str, Fault]] = {
    ReasonCode.QUIT: Fault.QUIT,
    ReasonCode.KILLED: Fault.MEMORY,
    ReasonCode.OUT_OF_MEMORY: Fault.MEMORY,
    ReasonCode.DISK_FULL: Fault.DISK,
    ReasonCode.TOO_MANY_PROCESSES: Fault.LIMIT,
    ReasonCode.ENGINE_RESTARTED: Fault.LOST,
    ReasonCode.COMMAND_MISSING: Fault.COMMAND,
    ReasonCode.IMAGE_MISSING: Fault.IMAGE,
    ReasonCode.NOT_PERMITTED: Fault.PERMISSION,
    ReasonCode.LOST: Fault.LOST,
}
"""Whoever wrote these codes knew."""

_OWN_WORDS: Final[Mapping[str, blame.Words]] = {
    ReasonCode.KILLED: blame.KILLED,
    ReasonCode.TOO_MANY_PROCESSES: blame.TOO_MANY_PROCESSES,
    ReasonCode.ENGINE_RESTARTED: blame.ENGINE_RESTARTED,
}
"""Where the kind alone would say too little."""

_TOLD: Final = (blame.STOPPED_THERE,)
"""Words that a driver says itself, where the code would say too much: they are the cause as they stand."""

_UNCLEAR: Final[Mapping[str, Fault]] = {
    ReasonCode.CRASHED: Fault.CRASH,
    ReasonCode.UNRESPONSIVE: Fault.TIMEOUT,
    ReasonCode.START_TIMEOUT: Fault.TIMEOUT,
    ReasonCode.REJECTED: Fault.RECIPE,
    ReasonCode.ATTACH_FAILED: Fault.FILES,
    Delay.FULL: Fault.LIMIT,
    Delay.AWAY: Fault.NETWORK,
    Delay.UNSEEN: Fault.NETWORK,
}
"""What they are when no sign in the text says more."""

_BY_APP: Final = frozenset({ReasonCode.CRASHED, ReasonCode.START_TIMEOUT})
"""Where what the app printed may tell why; of a warm one that fell silent it tells of long ago."""

_SIGNS: Final[tuple[tuple[Fault, re.Pattern[str]], ...]] = tuple(
    (fault, re.compile("|".join(signs), re.IGNORECASE))
    for fault, signs in (
        (
            Fault.MEMORY,
            (r"\bMemoryError\b", "out ?of ?memory", "cannot allocate memory", r"\bbad_alloc\b", "OOMKilled"),
        ),
        (Fault.DISK, ("no space left on device", "disk quota exceeded", r"\bENOSPC\b", r"\bEDQUOT\b")),
        (
            Fault.PORT,
            (
                "address (is )?already in use",
                r"\bEADDRINUSE\b",
                "none of the ports",
                r"port \d+ is (already )?(in use|allocated|not available)",
            ),
        ),
        (
            Fault.IMAGE,
            (
                "no such image",
                "manifest .{0,200}unknown",
                "pull access denied",
                r"image \S+ (was )?not found",
                "ImagePull",
            ),
        ),
        (
            Fault.NETWORK,
            (
                "connection refused",
                "network is unreachable",
                "no route to host",
                "name or service not known",
                "name resolution",
                "could not resolve host",
                "connection (timed out|reset)",
            ),
        ),
        (
            Fault.PERMISSION,
            ("permission denied", "operation not permitted", "may not be executed", r"\bEACCES\b"),
        ),
        (Fault.COMMAND, ("command not found", "executable file not found", "exec format error")),
        (Fault.LIMIT, ("too many open files", "resource temporarily unavailable", "too many users")),
    )
)
"""What programs and operating systems say, the most telling first."""

_LAST: Final = 15
"""Lines: an end of a log says why it ended, its middle only what happened before."""


def is_failure(code: str | None, *, was_in_use: bool) -> bool:
    """Whether an end for this reason went wrong; giving back, time limits and the like are ordinary ends, and so is what somebody
    shut down from inside.
    """
    if code == ReasonCode.QUIT:
        return not was_in_use
    return code in _KNOWN or code in _UNCLEAR


def cause(mishap: Mishap) -> Cause:
    fault, is_from_log = _fault(mishap)
    told = next((words for words in _TOLD if words.sentence in mishap.sentence), None)
    own = told or _OWN_WORDS.get(mishap.code or "")
    if own is not None:
        return own.about(fault)
    if fault is Fault.NETWORK and is_from_log:
        return blame.CUT_OFF.about(fault)
    words = blame.IN_USE.get(fault) if mishap.was_in_use else None
    return (words or blame.AT_START[fault]).about(fault)


def hindrance(pool: Pool, live: int) -> Cause | None:
    """What keeps a sound pool from starting one more for those who wait."""
    if pool.paused:
        return blame.PAUSED.about(Fault.LIMIT)
    if live >= pool.limit:
        return blame.full(pool.limit).about(Fault.LIMIT)
    return None


def code_of_exit(status: int) -> ReasonCode:
    """From an exit status; negative: the number of the signal that ended it. 126, 127 and 128 + 9 are what a shell makes of it."""
    return _EXITS.get(status, ReasonCode.CRASHED)


_EXITS: Final[Mapping[int, ReasonCode]] = {
    0: ReasonCode.QUIT,
    126: ReasonCode.NOT_PERMITTED,
    127: ReasonCode.COMMAND_MISSING,
    137: ReasonCode.KILLED,
    -9: ReasonCode.KILLED,
}


def _fault(mishap: Mishap) -> tuple[Fault, bool]:
    """And whether the app's own lines told it."""
    known = _KNOWN.get(mishap.code or "")
    if known is not None:
        return known, False
    told = _sign([mishap.sentence])
    if told is not None:
        return told, False
    printed = _sign(reversed(mishap.lines[-_LAST:])) if mishap.code in _BY_APP else None
    if printed is not None:
        return printed, True
    return _UNCLEAR.get(mishap.code or "", Fault.UNKNOWN), False


def _sign(texts: Iterable[str]) -> Fault | None:
    return next((fault for text in texts for fault, sign in _SIGNS if sign.search(text)), None)
