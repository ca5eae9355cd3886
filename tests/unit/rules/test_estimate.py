"""The estimate shown to people who wait: from the pool's own starts, with a range, and None where nothing honest can be said."""

from datetime import timedelta
from typing import Any

import pytest

from carrel.domain.queue import Coming, Estimate, Queue
from carrel.domain.workspace import Phase
from carrel.rules.estimate import estimate, hope
from carrel.testing.worlds import NOON

TWENTY = tuple(range(31, 51))
"""Twenty starts, half a minute to fifty seconds long."""


def a_queue(
    *, ages: tuple[float, ...] = (), took: tuple[float, ...] = (), room: int = 0, **more: Any
) -> Queue:
    coming = [
        Coming(NOON - timedelta(seconds=age), Phase.STARTING, NOON) for age in sorted(ages, reverse=True)
    ]
    return Queue(
        limit=10,
        room=room,
        coming=tuple(coming),
        start_times=tuple(timedelta(seconds=seconds) for seconds in took),
        **more,
    )


def told(queue: Queue, place: int) -> tuple[float, float, float] | None:
    found = estimate(queue, place, NOON)
    if found is None:
        return None
    return tuple(round(part.total_seconds(), 1) for part in (found.low, found.likely, found.high))  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("place", "queue", "expected"),
    [
        # The next in line gets what is furthest on its way, judged by the starts that were not over at that age either.
        (1, a_queue(ages=(1, 4), took=(5, 6, 7)), (1.5, 2, 2.8)),
        (2, a_queue(ages=(1, 4), took=(5, 6, 7)), (4.5, 5, 5.8)),
        (1, a_queue(ages=(40,), took=TWENTY), (3.2, 5.5, 9.1)),
        # With room under the limit it is one whole start.
        (1, a_queue(took=TWENTY, room=1), (35.8, 40.5, 48.1)),
        (3, a_queue(ages=(1,), took=(6,), room=2), (6, 6, 6)),
        # Nobody is promised less than a second.
        (1, a_queue(took=(0.2,), room=1), (1, 1, 1)),
        (1, a_queue(ages=(6.9,), took=(5, 6, 7)), (1, 1, 1)),
        # Past every start that was seen, but not by much: at any moment.
        (1, a_queue(ages=(60,), took=TWENTY), (1, 1, 21)),
        (1, a_queue(ages=(4,), took=(1,)), (1, 1, 5)),
    ],
)
def test_an_estimate_has_a_range(place: int, queue: Queue, expected: tuple[float, ...]) -> None:
    assert told(queue, place) == expected


@pytest.mark.parametrize(
    ("place", "queue", "why"),
    [
        (1, a_queue(room=5), "no start was ever seen"),
        (3, a_queue(ages=(1,), took=(6,), room=1), "only a release helps"),
        (1, a_queue(took=(6,), room=5, is_paused=True), "a paused pool starts nothing"),
        (1, a_queue(ages=(1,), took=(6,), is_failing=True), "the newest starts failed"),
        (1, a_queue(ages=(82,), took=TWENTY), "the oldest takes more than twice as long as usual"),
        (2, a_queue(ages=(1, 82), took=TWENTY), "the oldest takes more than twice as long as usual"),
        (2, a_queue(ages=(82,), took=TWENTY, room=1), "the oldest takes more than twice as long as usual"),
        (1, a_queue(ages=(5.5,), took=(1,)), "late also by the clock"),
    ],
)
def test_what_nobody_knows_is_not_promised(place: int, queue: Queue, why: str) -> None:
    assert told(queue, place) is None, why


def test_a_paused_pool_still_ends_what_it_began() -> None:
    assert told(a_queue(ages=(1,), took=(6,), is_paused=True), 1) == (5, 5, 5)


def test_a_clock_that_was_set_back_promises_no_more_than_a_whole_start_and_the_difference() -> None:
    found = estimate(a_queue(ages=(-10,), took=(6,)), 1, NOON)
    assert found == Estimate(*[timedelta(seconds=16)] * 3)


def test_whoever_waits_longest_hopes_for_the_oldest() -> None:
    queue = a_queue(ages=(3, 9))
    assert hope(queue, 1) == queue.coming[0]
    assert hope(queue, 2) == queue.coming[1]
    assert hope(queue, 3) is None
