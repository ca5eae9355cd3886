"""A pool's last hours as lines that a template can draw: geometry and words, from samples. Asks nobody for anything."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from carrel.domain.sample import Sample, Span

WIDTH: Final = 600
HEIGHT: Final = 100
SLOTS: Final = 60
"""More points than this would not be seen on a card, and would cost bytes."""
LEAST_TOP: Final = 4
"""So that one workspace does not fill the whole height."""
MARGIN: Final = 3

_Value = Callable[[Sample], int]
_LINES: Final[tuple[tuple[str, _Value], ...]] = (
    ("claimed", lambda sample: sample.claimed),
    ("ready", lambda sample: sample.ready),
    ("waiting", lambda sample: sample.waiting),
)
SPOKEN: Final = {Span.HOURS: "3 hours", Span.DAY: "24 hours", Span.WEEK: "7 days"}


@dataclass(frozen=True, slots=True)
class Line:
    name: str
    """Also the class that gives it colour and dashes."""
    path: str


@dataclass(frozen=True, slots=True)
class Plot:
    lines: tuple[Line, ...]
    area: str
    """Below the line of the claimed ones."""
    failures: str
    """A tick for each moment in which starts failed."""
    top: int
    """What the upper edge stands for."""
    failed: int
    begins: str
    summary: str
    """For people who do not see it."""


def plot(samples: Sequence[Sample], span: Span, now: datetime) -> Plot | None:
    """None where nothing was measured yet."""
    if not samples:
        return None
    slots = _slots(samples, span, now)
    top = max(LEAST_TOP, *(value(sample) for sample in samples for _, value in _LINES))
    paths = {name: _path(slots, value, top) for name, value in _LINES}
    failed = sum(sample.failed for sample in samples)
    return Plot(
        lines=tuple(Line(name, path) for name, path in paths.items()),
        area=_area(slots, _LINES[0][1], top),
        failures=_ticks(slots),
        top=top,
        failed=failed,
        begins=f"{SPOKEN[span]} ago",
        summary=_summary(samples, span, failed),
    )


def joined(one: Sample, other: Sample) -> Sample:
    """The fullest moment of both."""
    return replace(
        one,
        ready=min(one.ready, other.ready),
        starting=max(one.starting, other.starting),
        claimed=max(one.claimed, other.claimed),
        waiting=max(one.waiting, other.waiting),
        failed=one.failed + other.failed,
    )


def _slots(samples: Iterable[Sample], span: Span, now: datetime) -> list[Sample | None]:
    slots: list[Sample | None] = [None] * SLOTS
    since = now - span.length
    for sample in samples:
        at = min(SLOTS - 1, max(0, int((sample.at - since) / span.length * SLOTS)))
        known = slots[at]
        slots[at] = sample if known is None else joined(known, sample)
    if slots[-1] is None:
        slots[-1] = slots[-2] and replace(slots[-2], failed=0)  # its first minute is not over yet
    return slots


def _path(slots: Sequence[Sample | None], value: _Value, top: int) -> str:
    """Steps; a gap where nothing was measured."""
    steps: list[str] = []
    before: int | None = None
    for number, sample in enumerate(slots):
        height = None if sample is None else _height(value(sample), top)
        if height is not None and before is None:
            steps.append(f"M{_left(number)} {height}")
        elif height is not None and height != before:
            steps.append(f"H{_left(number)}V{height}")
        elif height is None and before is not None:
            steps.append(f"H{_left(number)}")
        before = height
    return "".join(steps) + (f"H{WIDTH}" if before is not None else "")


def _area(slots: Sequence[Sample | None], value: _Value, top: int) -> str:
    path = _path(slots, value, top)
    pieces = [piece for piece in path.split("M") if piece]
    return "".join(f"M{piece}V{HEIGHT}H{piece.split(' ', 1)[0]}Z" for piece in pieces)


def _ticks(slots: Sequence[Sample | None]) -> str:
    middle = WIDTH // SLOTS // 2
    return "".join(
        f"M{_left(number) + middle} {HEIGHT}v-12"
        for number, sample in enumerate(slots)
        if sample is not None and sample.failed
    )


def _left(slot: int) -> int:
    return slot * WIDTH // SLOTS


def _height(value: int, top: int) -> int:
    return round(HEIGHT - MARGIN - value / top * (HEIGHT - 2 * MARGIN))


def _summary(samples: Sequence[Sample], span: Span, failed: int) -> str:
    last = samples[-1]
    claimed = max(sample.claimed for sample in samples)
    waiting = max(sample.waiting for sample in samples)
    fewest = min(sample.ready for sample in samples)
    starts = (
        "no start failed" if not failed else "1 start failed" if failed == 1 else f"{failed} starts failed"
    )
    return (
        f"The last {SPOKEN[span]}: at most {claimed} claimed and {waiting} waiting, never fewer than {fewest} ready, {starts}. "
        f"At the end {last.claimed} claimed, {last.ready} ready, {last.waiting} waiting."
    )
