"""What an admin may make of a pool's policy: which values make sense, what a change changes, and what is in force.

Knows neither who asks nor what the change does to the workspaces; the planner does.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final, TypedDict, cast

from carrel.domain.errors import Conflict, Invalid
from carrel.domain.pool import Pool
from carrel.domain.quiet import QuietHours, parse_quiet_hours
from carrel.domain.setting import NEVER, OR_NEVER
from carrel.domain.units import format_duration, parse_duration
from carrel.rules.quiet import is_zone

MOST: Final = 100_000
"""Workspaces in one pool: beyond any use, and a slip of the keyboard all the same."""
MOST_AT_ONCE: Final = 1000
SHORTEST_WATCH: Final = timedelta(seconds=15)
"""An open page says every few seconds that it is there."""


class PolicyChange(TypedDict, total=False):
    """Only what is named changes. None means never, where a duration may be that, and for quiet hours that there are none."""

    warm: int
    limit: int
    per_user: int
    paused: bool
    draining: bool
    starting_at_once: int
    start_timeout: timedelta
    enter_within: timedelta
    watch_within: timedelta
    stop_after_idle: timedelta | None
    max_age: timedelta | None
    quiet_hours: QuietHours | None
    retire_warm_after: timedelta | None


_COUNTS: Final = {
    "warm": (0, MOST),
    "limit": (0, MOST),
    "per_user": (1, MOST_AT_ONCE),
    "starting_at_once": (1, MOST_AT_ONCE),
}
_DURATIONS: Final = {
    "start_timeout": timedelta(seconds=1),
    "enter_within": timedelta(seconds=1),
    "watch_within": SHORTEST_WATCH,
    "stop_after_idle": timedelta(seconds=1),
    "max_age": timedelta(seconds=1),
    "retire_warm_after": timedelta(seconds=1),
}
"""The shortest each may be."""
_QUIET: Final = "quiet_hours"
_LONGEST: Final = timedelta(days=3650)


def changed(pool: Pool, change: PolicyChange) -> Pool:
    """The pool with the change made. Raises Invalid, with a sentence for the person who typed it."""
    wanted = _with_drain(replace(pool, **change), change)
    _require_sense(wanted, change)
    return wanted


def in_force(pool: Pool, *, is_offered: bool = True) -> Pool:
    """The policy that the planner is to follow: drained pools and those no longer offered empty themselves of what nobody holds."""
    return pool if is_offered and not pool.draining else replace(pool, warm=0, paused=True)


def read(given: Mapping[str, object], zone: str = "UTC") -> PolicyChange:
    """Fields of a form or a request; texts as `stated` writes them. `zone` is of quiet hours that name none. Raises Invalid."""
    plain = {
        name: _parsed(name, value.strip(), zone) if isinstance(value, str) else value
        for name, value in given.items()
    }
    return cast("PolicyChange", plain)


def differences(old: Pool, new: Pool) -> list[str]:
    """One phrase for each field that differs, such as "warm 2 → 5"."""
    return [
        f"{name} {_told(name, was)} → {_told(name, becomes)}"
        for name in PolicyChange.__annotations__
        if (was := getattr(old, name)) != (becomes := getattr(new, name))
    ]


def require_unchanged(pool: Pool, seen: Mapping[str, object], change: PolicyChange) -> None:
    """Raises Conflict where somebody else set a field meanwhile that this change sets too; `seen` is what was there before."""
    overtaken = [
        f"{name} is {_told(name, getattr(pool, name))} now and was {_told(name, seen[name])}"
        for name, wanted in change.items()
        if name in seen and getattr(pool, name) not in (seen[name], wanted)
    ]
    if overtaken:
        raise Conflict(
            f"Somebody changed this pool meanwhile: {', '.join(overtaken)}. Look at it again, then save."
        )


def stated(pool: Pool, name: str) -> str:
    """One field as people write it: nothing at all where there are no quiet hours."""
    value = getattr(pool, name)
    return "" if value is None and name == _QUIET else worded(value)


def _told(name: str, value: object) -> str:
    return "none" if value is None and name == _QUIET else worded(value)


def worded(value: object) -> str:
    match value:
        case None:
            return NEVER
        case bool():
            return "yes" if value else "no"
        case timedelta():
            return format_duration(value)
        case _:
            return str(value)


def _parsed(name: str, text: str, zone: str) -> int | timedelta | QuietHours | None:
    if name == _QUIET:
        return _quiet(text, zone)
    if name in _COUNTS:
        if not text.isascii() or not text.isdigit() or len(text) > 9:
            raise Invalid(
                f"{name} must be a whole number, 0 or more and of at most 9 digits, not {text[:20]!r}."
            )
        return int(text)
    if text == NEVER and name in OR_NEVER:
        return None
    try:
        return parse_duration(text)
    except ValueError as error:
        never = f', or "{NEVER}"' if name in OR_NEVER else ""
        raise Invalid(f"{name}: {error}{never}.") from error


def _quiet(text: str, zone: str) -> QuietHours | None:
    if text in ("", "none"):
        return None
    try:
        hours = parse_quiet_hours(text, zone)
    except ValueError as error:
        raise Invalid(f'quiet_hours: {error}, or "none".') from error
    if not is_zone(hours.zone):
        raise Invalid(
            f'quiet_hours: "{hours.zone}" is no time zone. Name one such as Europe/Berlin, or leave it out.'
        )
    return hours


def _with_drain(wanted: Pool, change: PolicyChange) -> Pool:
    """Draining is a deeper pause: it begins with one, and whoever ends the pause ends both."""
    if change.get("draining"):
        return replace(wanted, paused=True)
    if not wanted.paused:
        return replace(wanted, draining=False)
    return wanted


def _require_sense(wanted: Pool, change: PolicyChange) -> None:
    for name, (least, most) in _COUNTS.items():
        if name in change and not least <= getattr(wanted, name) <= most:
            raise Invalid(f"{name} must be a whole number from {least} to {most}.")
    for name, shortest in _DURATIONS.items():
        value = getattr(wanted, name)
        if name in change and value is not None and not shortest <= value <= _LONGEST:
            raise Invalid(f"{name} must be at least {format_duration(shortest)}, and at most ten years.")
    if wanted.warm > wanted.limit:
        raise Invalid(
            f"warm ({wanted.warm}) cannot be more than limit ({wanted.limit}). Raise the limit too."
        )
