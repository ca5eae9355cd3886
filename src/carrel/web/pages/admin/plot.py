"""A pool's last hours as lines that a template can draw: geometry and words, from samples. Asks nobody for anything."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from carrel.domain.sample import Sample, Span
from carrel.rules.wording import humanly

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
GRAIN: Final = {
    Span.HOURS: timedelta(minutes=1),
    Span.DAY: timedelta(minutes=10),
    Span.WEEK: timedelta(hours=1),
}
"""How far apart the samples of each are."""
SHORTEST: Final = timedelta(minutes=10)
"""What a plot of the very first minutes shows."""


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


def plot(
    samples: Sequence[Sample], span: Span, now: datetime, *, begun: datetime | None = None
) -> Plot | None:
    """None where nothing was measured yet. `begun` is when measuring began, which shortens the plot of a young installation."""
    if not samples:
        return None
    length = _length(span, now, begun)
    slots = _slots(samples, GRAIN[span], now=now, length=length)
    top = max(LEAST_TOP, *(value(sample) for sample in samples for _, value in _LINES))
    spoken = SPOKEN[span] if length == span.length else humanly(length)
    failed = sum(sample.failed for sample in samples)
    return Plot(
        lines=tuple(Line(name, _path(slots, value, top)) for name, value in _LINES),
        area=_area(slots, _LINES[0][1], top),
        failures=_ticks(slots),
        top=top,
        failed=failed,
        begins=f"{spoken} ago",
        summary=_summary(samples, spoken, failed),
    )


def begin(histories: Iterable[Sequence[Sample]]) -> datetime | None:
    """When the first of all these samples was taken: plots side by side show the same time."""
    return min((samples[0].at for samples in histories if samples), default=None)


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


def _length(span: Span, now: datetime, begun: datetime | None) -> timedelta:
    if begun is None or now - begun > span.length - 2 * GRAIN[span]:
        return span.length
    minutes = max(SHORTEST, now - begun) // timedelta(minutes=1)
    return min(span.length, timedelta(minutes=minutes))


def _slots(
    samples: Iterable[Sample], grain: timedelta, *, now: datetime, length: timedelta
) -> list[Sample | None]:
    slots: list[Sample | None] = [None] * max(2, min(SLOTS, length // grain))
    for sample in samples:
        at = int((sample.at - (now - length)) / length * len(slots))
        at = min(len(slots) - 1, max(0, at))
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
            steps.append(f"M{_left(number, slots)} {height}")
        elif height is not None and height != before:
            steps.append(f"H{_left(number, slots)}V{height}")
        elif height is None and before is not None:
            steps.append(f"H{_left(number, slots)}")
        before = height
    return "".join(steps) + (f"H{WIDTH}" if before is not None else "")


def _area(slots: Sequence[Sample | None], value: _Value, top: int) -> str:
    path = _path(slots, value, top)
    pieces = [piece for piece in path.split("M") if piece]
    return "".join(f"M{piece}V{HEIGHT}H{piece.split(' ', 1)[0]}Z" for piece in pieces)


def _ticks(slots: Sequence[Sample | None]) -> str:
    middle = WIDTH // len(slots) // 2
    return "".join(
        f"M{_left(number, slots) + middle} {HEIGHT}v-12"
        for number, sample in enumerate(slots)
        if sample is not None and sample.failed
    )


def _left(slot: int, slots: Sequence[object]) -> int:
    return slot * WIDTH // len(slots)


def _height(value: int, top: int) -> int:
    return round(HEIGHT - MARGIN - value / top * (HEIGHT - 2 * MARGIN))


def _summary(samples: Sequence[Sample], spoken: str, failed: int) -> str:
    last = samples[-1]
    claimed = max(sample.claimed for sample in samples)
    waiting = max(sample.waiting for sample in samples)
    fewest = min(sample.ready for sample in samples)
    starts = (
        "no start failed" if not failed else "1 start failed" if failed == 1 else f"{failed} starts failed"
    )
    return (
        f"The last {spoken}: at most {claimed} claimed and {waiting} waiting, never fewer than {fewest} ready, {starts}. "
        f"At the end {last.claimed} claimed, {last.ready} ready, {last.waiting} waiting."
    )
