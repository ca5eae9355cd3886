"""One value as people read it: times as ages on a terminal, phases in colours, people by name. Knows no table."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from rich.text import Text

from carrel.domain.workspace import Phase

_COLOURS = re.compile(r"\x1b\[[0-9;:]*m")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

_STYLES: Final[Mapping[Phase, str]] = {
    Phase.PENDING: "yellow",
    Phase.STARTING: "yellow",
    Phase.READY: "green",
    Phase.DRAINING: "yellow",
    Phase.STOPPING: "dim",
    Phase.GONE: "dim",
    Phase.FAILED: "red",
}
_STEPS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"))
_LONG_AGO: Final = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Look:
    """How values are shown now."""

    now: datetime | None = None
    """Times are told as ages from here; None tells them as they are."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Of people, by id."""
    is_exact: bool = False
    """The time itself as well as its age."""
    joint: str = "\n"
    """Between the lines of one value; where a program reads, a row is one line."""


def cell(value: object, look: Look) -> Text:
    if value is None:
        return Text("–", style="dim")
    words = harmless(_words(value, look)).replace("\n", look.joint)
    return Text(words, style=_STYLES[value] if isinstance(value, Phase) else "")


def _words(value: object, look: Look) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case datetime():
            return _time(value, look)
        case Enum():
            return str(value.value)
        case list() | tuple():
            return ", ".join(_words(item, look) for item in value)
        case dict():
            return ", ".join(f"{name}={_words(item, look)}" for name, item in value.items())
        case _:
            return look.names.get(str(value), str(value))


def _time(at: datetime, look: Look) -> str:
    if look.now is None:
        return moment(at)
    return f"{moment(at)} ({age(at, look.now)})" if look.is_exact else age(at, look.now)


def age(at: datetime, now: datetime) -> str:
    """ "5 min ago", "in 2 h"; the day where that is long ago or far away."""
    gap = at - now
    if abs(gap) > _LONG_AGO:
        return f"{at.astimezone():%Y-%m-%d}"
    told = span(abs(gap))
    if told is None:
        return "just now" if gap <= timedelta(0) else "in a moment"
    return f"{told} ago" if gap < timedelta(0) else f"in {told}"


def span(gap: timedelta) -> str | None:
    """In its largest whole unit; None below a few seconds."""
    seconds = round(gap.total_seconds())
    for size, name in _STEPS:
        if seconds >= size:
            return f"{seconds // size} {name}"
    return f"{seconds} s" if seconds >= 5 else None


def moment(at: datetime) -> str:
    """In this terminal's own time zone."""
    return at.astimezone().strftime("%Y-%m-%d %H:%M")


def harmless(text: str) -> str:
    """What an app or a person wrote must not command the terminal of whoever reads it."""
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", _COLOURS.sub("", text))
