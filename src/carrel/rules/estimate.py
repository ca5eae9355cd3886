"""How long a waiting person will probably wait, from this pool's own start times. An honest None where nothing is known."""

from collections.abc import Sequence
from datetime import timedelta
from statistics import median


def estimate(
    position: int,
    *,
    ages: Sequence[timedelta],
    room: int,
    start_times: Sequence[timedelta],
) -> timedelta | None:
    """The time until the person at `position` (1 = next) is served.

    `ages` are those of the workspaces that are starting now, `room` how many more may be started under the limit,
    `start_times` the last starts of this pool. None when no start was ever seen, or when only a release can help.
    """
    if not start_times:
        return None
    usual = timedelta(seconds=median(took.total_seconds() for took in start_times))
    left = sorted(max(usual - age, timedelta(seconds=1)) for age in ages)
    if position <= len(left):
        return left[position - 1]
    if position <= len(left) + room:
        return usual
    return None
