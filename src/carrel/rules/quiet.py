"""Quiet hours on a given day: when the next ones are. Moments are compared in UTC, for an hour of the clock may come twice or never."""

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from carrel.domain.quiet import QuietHours

_LOOK_AHEAD = 9
"""Days: a clock that skips a whole night still has one of the next."""


def next_quiet(at: datetime, hours: QuietHours | None) -> datetime:
    """`at` itself where it lies in quiet hours, or where there are none; else when they next begin."""
    if hours is None:
        return at
    zone = _zone(hours.zone)
    today = at.astimezone(zone).date()
    for days in range(-1, _LOOK_AHEAD):
        day = today + timedelta(days=days)
        begin = datetime.combine(day, hours.begin, zone).astimezone(UTC)
        end = _last(datetime.combine(day + _overnight(hours), hours.end, zone))
        if at < end and begin < end:
            return max(at, begin)
    return at


def is_zone(name: str) -> bool:
    """Whether the time zone database knows it."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _overnight(hours: QuietHours) -> timedelta:
    return timedelta(days=1 if hours.end < hours.begin else 0)


def _last(at: datetime) -> datetime:
    """Of the two moments that a clock which is set back calls so."""
    return at.replace(fold=1).astimezone(UTC) if at.fold == 0 and _is_twice(at) else at.astimezone(UTC)


def _is_twice(at: datetime) -> bool:
    first, second = at.utcoffset(), at.replace(fold=1).utcoffset()
    return first is not None and second is not None and second < first


def _zone(name: str) -> tzinfo:
    """Whoever set the hours was told what zones there are; a machine that lost one since goes by UTC."""
    return ZoneInfo(name) if is_zone(name) else UTC
