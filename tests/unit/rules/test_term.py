"""Decision tables of term and cost: when it stops and why, what may be asked for, what it cost."""

from datetime import timedelta

import pytest

from carrel.rules.cost import cost_so_far
from carrel.rules.term import Stop, extended, extensions, stop_of
from carrel.testing.worlds import NOON, a_claim, a_pool, a_workspace, held

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
POOL = a_pool(max_age=12 * HOUR, enter_within=30 * MINUTE)


def test_it_stops_at_its_longest_age_and_says_so() -> None:
    row, claim = held(a_workspace(entered_at=NOON), a_claim())
    assert stop_of(row, claim, POOL) == Stop(NOON + 12 * HOUR, "12 hours after it began")


def test_one_that_was_extended_says_that() -> None:
    row, claim = held(a_workspace(entered_at=NOON, stops_at=NOON + 14 * HOUR), a_claim())
    assert stop_of(row, claim, POOL) == Stop(NOON + 14 * HOUR, "the time it was extended to")


def test_nobody_in_it_and_given_back_come_first() -> None:
    row, claim = held(a_workspace(), a_claim(release_at=None))
    assert stop_of(row, claim, POOL) == Stop(NOON + 30 * MINUTE, "unless somebody goes in before")
    row, claim = held(a_workspace(), a_claim(release_at=NOON + MINUTE))
    assert stop_of(row, claim, POOL) == Stop(NOON + MINUTE, "because you gave it back")


def test_what_has_no_end_says_nothing() -> None:
    row, claim = held(a_workspace(entered_at=NOON), a_claim())
    assert stop_of(row, claim, a_pool(max_age=None)) is None
    assert stop_of(a_workspace(), None, POOL) is None


def test_a_promise_outlives_its_pool() -> None:
    row, claim = held(a_workspace(entered_at=NOON, stops_at=NOON + HOUR), a_claim())
    assert stop_of(row, claim, None) == Stop(NOON + HOUR, "the time it was given")


@pytest.mark.parametrize(
    ("stops_in", "more", "until"),
    [
        (2 * HOUR, 4 * HOUR, 6 * HOUR),
        (10 * HOUR, 4 * HOUR, 12 * HOUR),  # never longer than the pool allows from now
        (13 * HOUR, 4 * HOUR, 13 * HOUR),  # and never sooner than promised
        (-HOUR, HOUR, HOUR),  # one whose time is up and that still runs goes on from now
    ],
)
def test_more_time_is_counted_from_its_end_and_bounded_from_now(
    stops_in: timedelta, more: timedelta, until: timedelta
) -> None:
    row, _ = held(a_workspace(stops_at=NOON + stops_in), a_claim(), at=NOON - HOUR)
    assert extended(row, POOL, more, NOON) == NOON + until


@pytest.mark.parametrize(
    ("stops_in", "offered"),
    [
        (2 * HOUR, [(1, 3, 1), (2, 4, 2), (4, 6, 4)]),
        (9 * HOUR, [(1, 10, 1), (2, 11, 2), (4, 12, 3)]),
        (10 * HOUR, [(1, 11, 1), (2, 12, 2)]),
        (11.5 * HOUR, [(1, 12, 0.5)]),
        (-2 * HOUR, [(1, 1, 1), (2, 2, 2), (4, 4, 4)]),
        (12 * HOUR - MINUTE, []),
        (12 * HOUR, []),
    ],
)
def test_only_what_adds_something_is_offered(
    stops_in: timedelta, offered: list[tuple[float, float, float]]
) -> None:
    row, _ = held(a_workspace(stops_at=NOON + stops_in), a_claim())
    assert [
        (one.hours, (one.until - NOON) / HOUR, one.adds / HOUR) for one in extensions(row, POOL, NOON)
    ] == (offered)


def test_nothing_is_offered_where_nothing_ends_or_nobody_holds_it() -> None:
    row, _ = held(a_workspace(), a_claim())
    assert extensions(row, a_pool(max_age=None), NOON) == []
    assert extended(row, a_pool(max_age=None), HOUR, NOON) is None
    assert extensions(row, None, NOON) == []
    assert extensions(a_workspace(), POOL, NOON) == []


@pytest.mark.parametrize(
    ("price", "since", "gone_after", "cost"),
    [
        (0.04, 5 * HOUR, None, 0.2),
        (0.04, 5 * HOUR, HOUR, 0.04),
        (None, 5 * HOUR, None, None),
        (0.0, 5 * HOUR, None, 0.0),
        (0.04, -HOUR, None, 0.0),
    ],
)
def test_it_costs_what_its_price_was_while_it_was_held(
    price: float | None, since: timedelta, gone_after: timedelta | None, cost: float | None
) -> None:
    at = NOON - since
    gone_at = at + gone_after if gone_after is not None else None
    row, _ = held(a_workspace(price_per_hour=price, gone_at=gone_at), a_claim(), at=at)
    assert cost_so_far(row, NOON) == (None if cost is None else pytest.approx(cost))


def test_a_warm_one_costs_nobody_anything() -> None:
    assert cost_so_far(a_workspace(price_per_hour=1.0), NOON) is None
