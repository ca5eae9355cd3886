"""Decision tables of term and cost: when it stops and why, what may be asked for, what it cost."""

from dataclasses import replace
from datetime import time, timedelta
from typing import Any

import pytest

from carrel.domain.claim import Claim
from carrel.domain.prospect import Stop
from carrel.domain.quiet import QuietHours
from carrel.domain.workspace import Workspace
from carrel.rules.cost import cost_so_far
from carrel.rules.term import blind_since, extended, extensions, stop_of
from carrel.testing.worlds import NOON, a_claim, a_pool, a_workspace, held

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
POOL = a_pool(max_age=12 * HOUR, enter_within=30 * MINUTE)


def test_it_stops_at_its_longest_age_and_says_so() -> None:
    row, claim = held(a_workspace(entered_at=NOON), a_claim())
    assert stop_of(row, claim, POOL, NOON) == Stop(NOON + 12 * HOUR, "12 hours after it began")


def test_one_that_was_extended_says_that() -> None:
    row, claim = held(a_workspace(entered_at=NOON, stops_at=NOON + 14 * HOUR), a_claim())
    assert stop_of(row, claim, POOL, NOON) == Stop(NOON + 14 * HOUR, "the time it was extended to")


def test_nobody_in_it_and_given_back_come_first() -> None:
    row, claim = held(a_workspace(), a_claim(release_at=None))
    assert stop_of(row, claim, POOL, NOON) == Stop(NOON + 30 * MINUTE, "unless somebody goes in before")
    row, claim = held(a_workspace(), a_claim(release_at=NOON + MINUTE))
    assert stop_of(row, claim, POOL, NOON) == Stop(NOON + MINUTE, "because you gave it back")


def test_what_has_no_end_says_nothing() -> None:
    row, claim = held(a_workspace(entered_at=NOON), a_claim())
    assert stop_of(row, claim, a_pool(max_age=None), NOON) is None
    assert stop_of(a_workspace(), None, POOL, NOON) is None


def test_a_promise_outlives_its_pool() -> None:
    row, claim = held(a_workspace(entered_at=NOON, stops_at=NOON + HOUR), a_claim())
    assert stop_of(row, claim, None, NOON) == Stop(NOON + HOUR, "the time it was given")


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
    endless = a_pool(max_age=None, stop_after_idle=None)
    assert extensions(row, endless, NOON) == []
    assert extended(row, endless, HOUR, NOON) is None
    assert extensions(row, None, NOON) == []
    assert extensions(a_workspace(), POOL, NOON) == []


IDLE = a_pool(max_age=None, stop_after_idle=90 * MINUTE)
BOTH = a_pool(max_age=12 * HOUR, stop_after_idle=90 * MINUTE)


def in_use(**changes: Any) -> tuple[Workspace, Claim]:
    """Held since the morning, entered at once, used until it is said otherwise, and asked a moment ago."""
    at = NOON - 4 * HOUR
    known: dict[str, Any] = {"attached_at": at, "entered_at": at, "observed_at": NOON}
    return held(a_workspace(at=at, **(known | changes)), a_claim(at=at), at=at)


@pytest.mark.parametrize(
    ("used", "changes", "stop", "is_near"),
    [
        (0 * HOUR, {}, Stop(NOON + 90 * MINUTE, "unless it is used before"), False),
        (HOUR, {}, Stop(NOON + 30 * MINUTE, "unless it is used before"), False),
        (
            85 * MINUTE,
            {},
            Stop(
                NOON + 10 * MINUTE,
                "unless it is used before: nothing ran and nobody typed since 10:35 UTC",
            ),
            True,
        ),
        (
            85 * MINUTE,
            {"warned_at": NOON - 5 * MINUTE},
            Stop(NOON + 5 * MINUTE, "unless it is used before: nothing ran and nobody typed since 10:35 UTC"),
            True,
        ),
        (
            85 * MINUTE,
            {"kept_until": NOON + 2 * HOUR},
            Stop(NOON + 2 * HOUR, "the time it was extended to, unless it is used before"),
            False,
        ),
        (85 * MINUTE, {"observed_at": NOON - 16 * MINUTE}, None, False),
        # Its longest age comes first, or so soon after that it is told instead.
        (0 * HOUR, {"stops_at": NOON + HOUR}, Stop(NOON + HOUR, "the time it was extended to"), False),
        (
            80 * MINUTE,
            {"stops_at": NOON + 15 * MINUTE},
            Stop(NOON + 15 * MINUTE, "the time it was extended to"),
            False,
        ),
        (
            80 * MINUTE,
            {"stops_at": NOON + 9 * MINUTE},
            Stop(NOON + 9 * MINUTE, "the time it was extended to"),
            True,
        ),
    ],
)
def test_what_is_not_used_stops_before_that_and_says_so(
    used: timedelta, changes: dict[str, Any], stop: Stop | None, is_near: bool
) -> None:
    row, claim = in_use(last_active_at=NOON - used, **changes)
    found = stop_of(row, claim, IDLE, NOON)
    assert found == stop
    assert found is None or found.is_near(NOON) is is_near


def test_it_says_so_where_nobody_can_tell_whether_it_is_used() -> None:
    row, claim = in_use(last_active_at=NOON - 2 * HOUR, observed_at=NOON - 30 * MINUTE)
    assert blind_since(row, IDLE, NOON) == (
        "It cannot be told whether it is used since 11:30 UTC, so it is not stopped for that."
    )
    assert stop_of(row, claim, IDLE, NOON) is None
    row, _ = in_use(last_active_at=NOON - 2 * HOUR)
    assert blind_since(row, IDLE, NOON) is None
    assert blind_since(row, None, NOON) is None


@pytest.mark.parametrize(
    ("used", "more", "until"),
    [
        (85 * MINUTE, HOUR, 70 * MINUTE),
        (85 * MINUTE, 4 * HOUR, 4 * HOUR + 10 * MINUTE),
        (0 * HOUR, HOUR, 150 * MINUTE),
    ],
)
def test_more_time_is_counted_from_the_stop_that_people_are_shown(
    used: timedelta, more: timedelta, until: timedelta
) -> None:
    for policy in (IDLE, BOTH):
        row, claim = in_use(last_active_at=NOON - used)
        assert extended(row, policy, more, NOON) == NOON + until
        kept = replace(row, kept_until=NOON + until)
        found = stop_of(kept, claim, policy, NOON)
        assert found is not None
        assert found.at == NOON + until


def test_more_time_can_be_had_where_only_idleness_ends_it() -> None:
    row, _ = in_use()
    assert [one.hours for one in extensions(row, IDLE, NOON)] == [1, 2, 4]
    blind, _ = in_use(last_active_at=NOON - 2 * HOUR, observed_at=NOON - 30 * MINUTE)
    assert extended(blind, IDLE, HOUR, NOON) == NOON + HOUR


def test_quiet_hours_put_off_the_end_and_it_says_so() -> None:
    row, claim = in_use(stops_at=NOON + HOUR)
    pool = replace(BOTH, stop_after_idle=None, quiet_hours=QuietHours(time(22), time(6)))
    assert stop_of(row, claim, pool, NOON) == Stop(NOON + 10 * HOUR, "in the quiet hours after its 5 hours")


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
