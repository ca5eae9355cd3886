"""How the sentences of reasons are worded. Pure text: decides nothing."""

from datetime import datetime, timedelta, tzinfo
from typing import Final

from carrel.domain.reason import Reason, ReasonCode
from carrel.domain.workspace import Phase, Workspace

GIVEN_BACK: Final = Reason(ReasonCode.RELEASED, "You gave it back.")
LEFT_THE_QUEUE: Final = Reason(ReasonCode.RELEASED, "You left the queue.")

_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July", "August"),
    *("September", "October", "November", "December"),
)
"""Spelled out here, for what `strftime` says follows the machine's language."""
_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


def humanly(duration: timedelta) -> str:
    """The two largest parts: "3 days", "1 hour 30 minutes", "45 seconds". Parts of a second are dropped."""
    left = max(0, int(duration.total_seconds()))
    parts = []
    for unit, size in _UNITS:
        count, left = divmod(left, size)
        parts.append((count, unit))
    first = next((at for at, (count, _) in enumerate(parts) if count), len(parts) - 1)
    shown = [part for at, part in enumerate(parts[first : first + 2]) if part[0] or at == 0]
    return " ".join(f"{count} {unit}" if count == 1 else f"{count} {unit}s" for count, unit in shown)


def moment(at: datetime, now: datetime, zone: tzinfo) -> str:
    """ "16:10 UTC", with the day where it is not today's."""
    there = at.astimezone(zone)
    name = f"{there:%Z}"
    clock = f"{there:%H:%M} {name if name[:1].isalpha() else f'UTC{name}'}"
    if there.date() == now.astimezone(zone).date():
        return clock
    return f"{clock} on {there.day} {_MONTHS[there.month - 1]}"


def sentence(because: str) -> str:
    """A reason that was said in passing, as a sentence of its own."""
    return f"{because[:1].upper()}{because[1:]}."


def foretold(because: str, stops_at: datetime, now: datetime, zone: tzinfo) -> str:
    return f"{sentence(because)} It stops at {moment(stops_at, now, zone)} unless somebody uses it before."


def announced(because: str, stops_at: datetime, now: datetime, zone: tzinfo) -> str:
    """The same of a stop that no use puts off."""
    return f"It stops at {moment(stops_at, now, zone)}: {because}."


def stopped(because: str, at: datetime, zone: tzinfo) -> str:
    return f"It was stopped at {moment(at, at, zone)}: {because}."


def extended(more: timedelta, until: datetime, now: datetime, zone: tzinfo, *, by: str | None = None) -> str:
    """`by` is who gave it; None where its own person asked."""
    began = f"{by} gave it" if by else "You asked for"
    return f"{began} {humanly(more)} more: it goes on until {moment(until, now, zone)}."


def recorded(workspace: Workspace) -> Reason:
    """The reason its row holds; a plain one where none was written or a newer version of us wrote a code we do not know."""
    fallback = (
        Reason(ReasonCode.CRASHED, "It ended by itself.")
        if workspace.phase is Phase.FAILED
        else Reason(ReasonCode.RELEASED, "It was given back.")
    )
    code = next((code for code in ReasonCode if code == workspace.reason_code), fallback.code)
    return Reason(code, workspace.reason or fallback.sentence)
