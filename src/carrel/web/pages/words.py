"""Numbers as people say them."""

from datetime import datetime, timedelta
from typing import Final
from urllib.parse import unquote

from carrel.domain.queue import Estimate
from carrel.domain.template import Template


def about(duration: timedelta | Estimate | None) -> str:
    """ "about 40 seconds"; nobody believes "41.3 seconds"."""
    if duration is None:
        return "a while"
    if isinstance(duration, Estimate):
        duration = duration.likely
    seconds = max(0.0, duration.total_seconds())
    if seconds < 5:
        return "a few seconds"
    if seconds < 55:
        return f"about {round(seconds / 5) * 5} seconds"
    minutes = round(seconds / 60)
    if minutes < 90:
        return "about a minute" if minutes <= 1 else f"about {minutes} minutes"
    return f"about {round(minutes / 60)} hours"


def expected(estimate: Estimate | None) -> str:
    """The likely time and, where it is far from that, the one that few waits exceed. static/waiting.js says it in the same words."""
    if estimate is None:
        return "How long it takes is not known."
    likely, most = about(estimate.likely), about(estimate.high)
    tail = (
        f", rarely more than {most.removeprefix('about ')}" if most not in (likely, "a few seconds") else ""
    )
    return f"It will take {likely}{tail}."


def span(duration: timedelta | None) -> str:
    """Measured, so exact: "4 s", "1 min 20 s". Empty where nothing was measured."""
    if duration is None:
        return ""
    seconds = max(0, round(duration.total_seconds()))
    if seconds < 1:
        return "under 1 s"
    if seconds < 60:
        return f"{seconds} s"
    minutes, rest = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def called(template: Template | None, pool: str) -> str:
    """What a workspace is called: by its template where that has a title, else by its pool."""
    return (template.title if template is not None else "") or pool


def readable(path: str) -> str:
    """An address as people wrote it. Only for showing."""
    return unquote(path, errors="replace")


def ordinal(number: int) -> str:
    """ "1st", "22nd", "113th"."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def moment(at: datetime | None) -> str:
    """For the `datetime` of a time element, and for those who read it without JavaScript."""
    return at.strftime("%Y-%m-%d %H:%M UTC") if at is not None else ""


def ago(at: datetime, now: datetime) -> str:
    """ "5 minutes ago", "in 2 hours". static/page.js says it in the same words, and keeps it true."""
    seconds = (at - now).total_seconds()
    count, unit = _rounded(abs(seconds))
    if not count:
        return "just now" if seconds <= 0 else "in a moment"
    words = f"{count} {unit}" if count == 1 else f"{count} {unit}s"
    return f"in {words}" if seconds > 0 else f"{words} ago"


def brief(at: datetime | None, now: datetime) -> str:
    """The same for a column of many: "3 h ago", "in 20 min", "now"."""
    if at is None:
        return "–"
    seconds = (at - now).total_seconds()
    count, unit = _rounded(abs(seconds))
    if not count:
        return "now"
    return f"in {count} {_SHORT[unit]}" if seconds > 0 else f"{count} {_SHORT[unit]} ago"


def _rounded(seconds: float) -> tuple[int, str]:
    """How many of which unit; 0 of them where that is hardly any time."""
    if seconds < 45:
        return 0, "minute"
    for size, unit, most in ((60, "minute", 90), (3600, "hour", 36)):
        count = max(1, int(seconds / size + 0.5))  # as JavaScript rounds
        if count <= most:
            return count, unit
    return max(1, int(seconds / 86_400 + 0.5)), "day"


_SHORT: Final = {"minute": "min", "hour": "h", "day": "d"}
