"""The few numbers a run is boiled down to. Pure: no clock, no input or output."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Summary:
    count: int
    least: float
    p50: float
    p95: float
    most: float

    def as_dict(self) -> dict[str, float]:
        return asdict(self)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0 to 1) of the values lie, interpolated between the two nearest ones."""
    if not values:
        raise ValueError("No value was measured, so there is no percentile.")
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def summarise(values: Sequence[float]) -> Summary:
    return Summary(
        count=len(values),
        least=percentile(values, 0),
        p50=percentile(values, 0.5),
        p95=percentile(values, 0.95),
        most=percentile(values, 1),
    )


def ratio(ours: float | None, theirs: float | None) -> float | None:
    """Ours divided by theirs; None where one of the two was not measured or theirs is nothing."""
    if ours is None or not theirs:
        return None
    return ours / theirs


def times_better(ours: float | None, theirs: float | None, *, more_is_better: bool) -> float | None:
    """How many times better we are: above 1 we win, whichever direction is good."""
    return ratio(ours, theirs) if more_is_better else ratio(theirs, ours)
