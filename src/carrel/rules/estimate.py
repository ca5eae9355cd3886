"""How long a waiting person will probably wait, from this pool's own start times. An honest None where nothing is known."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median, quantiles
from typing import Final

from carrel.domain.queue import Coming, Estimate, Queue, Share

AT_LEAST: Final = timedelta(seconds=1)
"""Nobody is promised less."""
NOISE: Final = timedelta(seconds=5)
"""Starts of a second now and then take three; only beyond this is one called late."""


def estimate(queue: Queue, place: int, now: datetime) -> Estimate | None:
    """The time until whoever stands at `place` (1 = next) is served.

    None when no start was ever seen, when only a release can help, and when what was seen says nothing about now: the newest
    starts failed, or the oldest one takes more than twice as long as usual.
    """
    if not queue.start_times or queue.is_failing or is_late(queue, now):
        return None
    found = hope(queue, place)
    if found is not None:
        return _left(queue.start_times, now - found.created_at)
    return _spread(queue.start_times) if may_start(queue, place) else None


def hope(queue: Queue, place: int) -> Coming | None:
    """The workspace that will probably be theirs: what was started for them, or of those for anybody the one that is furthest on its
    way, which goes to whoever waits longest.
    """
    if queue.coming and queue.coming[0].whose is Share.MINE:
        return queue.coming[0]
    found = queue.coming[place - 1] if place <= len(queue.coming) else None
    return found if found is not None and found.whose is Share.ANYBODYS else None


def may_start(queue: Queue, place: int) -> bool:
    """Whether one may be started for this place without anybody giving theirs back."""
    return not queue.is_paused and place <= len(queue.coming) + queue.room


def is_late(queue: Queue, now: datetime) -> bool:
    if not queue.coming or not queue.start_times:
        return False
    return now - queue.coming[0].created_at > max(2 * usual(queue.start_times), NOISE)


def usual(start_times: Sequence[timedelta]) -> timedelta:
    return timedelta(seconds=median(took.total_seconds() for took in start_times))


def _left(start_times: Sequence[timedelta], age: timedelta) -> Estimate:
    """Judged by those starts that had not ended at this age either; past all of them, it may end at any moment."""
    longer = [took - age for took in start_times if took > age]
    if longer:
        return _spread(longer)
    return Estimate(AT_LEAST, AT_LEAST, max(2 * usual(start_times) - age, NOISE))


def _spread(durations: Sequence[timedelta]) -> Estimate:
    seconds = [taken.total_seconds() for taken in durations]
    if len(seconds) == 1:
        seconds *= 2
    low = quantiles(seconds, n=4, method="inclusive")[0]
    high = quantiles(seconds, n=10, method="inclusive")[-1]
    return Estimate(*(max(timedelta(seconds=value), AT_LEAST) for value in (low, median(seconds), high)))
