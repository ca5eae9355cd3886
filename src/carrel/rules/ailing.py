"""What a running workspace suffers from: when its person is told, and what it says about its end. Pure text and comparison."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from carrel.domain.event import Event
from carrel.domain.instance import Ailment
from carrel.domain.reason import Reason, ReasonCode

RECOVERED: Final = "recovered"
OTHER: Final = "ailing"
_EXPLAINS: Final = (ReasonCode.OUT_OF_MEMORY, ReasonCode.TOO_MANY_PROCESSES, ReasonCode.DISK_FULL)
_EXPLAINED: Final[Mapping[ReasonCode, tuple[ReasonCode, ...]]] = {
    ReasonCode.KILLED: (ReasonCode.OUT_OF_MEMORY,),
    ReasonCode.CRASHED: _EXPLAINS,
    ReasonCode.UNRESPONSIVE: _EXPLAINS,
}
"""Ends that say little by themselves, and what they may come of: no full disk kills a program by force."""
RECENT: Final = timedelta(minutes=2)
"""Memory that ran out longer ago ended another program, and this one lived on."""
_OVER: Final[Mapping[ReasonCode, str]] = {
    ReasonCode.OUT_OF_MEMORY: "It is over: memory has not run out again.",
    ReasonCode.TOO_MANY_PROCESSES: "It is over: it runs fewer processes than it may, and more can be started in it again.",
    ReasonCode.DISK_FULL: "It is over: the disk that was full has room again.",
}
_CODES: Final = {f"{OTHER}_{code}": code for code in _EXPLAINS}
"""The kinds of such lines in a timeline, by which their code is known again."""
KINDS: Final = (RECOVERED, OTHER, *_CODES)


def kind_of(ailment: Ailment) -> str:
    kind = f"{OTHER}_{ailment.code}"
    return kind if kind in _CODES else OTHER


def read(line: Event | None) -> Ailment | None:
    """What the newest line of these kinds says it suffers from; None where that is over."""
    if line is None or not line.kind.startswith(OTHER):
        return None
    return Ailment(_CODES.get(line.kind, ReasonCode.UNKNOWN), line.sentence, line.at)


def now_of(timeline: Iterable[Event]) -> Ailment | None:
    """In whatever order its lines come."""
    lines = [line for line in timeline if line.kind in KINDS]
    return read(max(lines, key=lambda line: (line.at, line.seq), default=None))


def is_news(before: Ailment | None, now: Ailment | None) -> bool:
    """Not again while it stays the same, whatever figures its sentence has."""
    return (kind_of(before) if before else None) != (kind_of(now) if now else None)


def recovered(before: Ailment) -> str:
    return _OVER.get(before.code, "What it suffered from is over.")


def explained(reason: Reason, lately: Iterable[Ailment], now: datetime) -> Reason:
    """An end that says little, in the light of what it suffered from before."""
    fitting = _EXPLAINED.get(reason.code, ())
    found = next((one for one in lately if one.code in fitting and not _is_past(one, now)), None)
    return Reason(found.code, f"{reason.sentence} {found.sentence}") if found is not None else reason


def _is_past(ailment: Ailment, now: datetime) -> bool:
    """The others go on for as long as they are told."""
    if ailment.code is not ReasonCode.OUT_OF_MEMORY or ailment.at is None:
        return False
    return now - ailment.at > RECENT
