"""Decision tables of expire: whose time is up, and what they are told."""

from datetime import timedelta

import pytest

from carrel.domain.reason import ReasonCode
from carrel.domain.workspace import Phase
from carrel.rules.expire import ends_at, expire
from carrel.rules.view import View
from carrel.testing.worlds import NOON, a_claim, a_pool, a_workspace, held

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("held_for", "max_age", "stops_in", "told"),
    [
        (timedelta(hours=12) - SECOND, timedelta(hours=12), None, None),
        (timedelta(hours=12), timedelta(hours=12), None, "It ran for 12 hours, the most this pool allows."),
        (
            timedelta(minutes=90),
            timedelta(minutes=90),
            None,
            "It ran for 1 hour 30 minutes, the most this pool allows.",
        ),
        (timedelta(days=99), None, None, None),
        (timedelta(days=-99), timedelta(hours=12), None, None),
        # What the person was promised holds, whatever the pool says now.
        (timedelta(hours=13), timedelta(hours=12), SECOND, None),
        (
            timedelta(hours=14),
            timedelta(hours=12),
            timedelta(0),
            "It ran for 14 hours, the time it was extended to.",
        ),
        (
            timedelta(hours=12),
            timedelta(hours=12),
            timedelta(0),
            "It ran for 12 hours, the most this pool allows.",
        ),
    ],
)
def test_a_held_workspace_has_a_longest_time(
    held_for: timedelta, max_age: timedelta | None, stops_in: timedelta | None, told: str | None
) -> None:
    stops_at = None if stops_in is None else NOON + stops_in
    row, claim = held(a_workspace(stops_at=stops_at, entered_at=NOON), a_claim(), at=NOON - held_for)
    planned = expire(View(NOON, workspaces=(row,), claims=(claim,)), a_pool(max_age=max_age), NOON)

    assert [(p.reason.code, p.reason.sentence) for p in planned] == (
        [(ReasonCode.EXPIRED, told)] if told else []
    )
    assert all(p.workspace == row for p in planned)


@pytest.mark.parametrize(
    ("held_for", "entered", "goes"),
    [
        (timedelta(minutes=30), False, False),
        (timedelta(minutes=30) + SECOND, False, True),
        (timedelta(hours=3), True, False),
        (timedelta(hours=-3), False, False),
    ],
)
def test_a_held_workspace_that_nobody_enters_is_released(
    held_for: timedelta, entered: bool, goes: bool
) -> None:
    row = a_workspace(entered_at=NOON if entered else None)
    row, claim = held(row, a_claim(), at=NOON - held_for)
    planned = expire(View(NOON, workspaces=(row,), claims=(claim,)), a_pool(), NOON)

    assert [p.reason.sentence for p in planned] == [
        "Nobody entered it within 30 minutes, so it was stopped."
    ] * goes
    assert {p.reason.code for p in planned} <= {ReasonCode.UNENTERED}


@pytest.mark.parametrize(
    ("unwatched_for", "goes"),
    [(timedelta(minutes=2), False), (timedelta(minutes=2) + SECOND, True), (timedelta(minutes=-9), False)],
)
def test_a_waiting_claim_that_nobody_watches_leaves_the_queue(unwatched_for: timedelta, goes: bool) -> None:
    claim = a_claim(at=NOON - timedelta(hours=1), watched_at=NOON - unwatched_for)
    planned = expire(View(NOON, claims=(claim,)), a_pool(), NOON)

    assert [p.reason.sentence for p in planned] == [
        "Nobody asked after it for 2 minutes, so it left the queue."
    ] * goes
    assert {p.reason.code for p in planned} <= {ReasonCode.UNWATCHED}


def test_a_held_claim_is_not_judged_by_who_watches_it() -> None:
    row, claim = held(a_workspace(entered_at=NOON), a_claim(watched_at=NOON - timedelta(hours=9)))

    assert expire(View(NOON, workspaces=(row,), claims=(claim,)), a_pool(), NOON) == []


@pytest.mark.parametrize(
    ("goes_in", "goes"), [(SECOND, False), (timedelta(0), True), (-timedelta(hours=1), True), (None, False)]
)
def test_what_was_given_back_goes_on_until_it_can_no_longer_be_undone(
    goes_in: timedelta | None, goes: bool
) -> None:
    release_at = None if goes_in is None else NOON + goes_in
    row, claim = held(a_workspace(entered_at=NOON), a_claim(release_at=release_at))
    planned = expire(View(NOON, workspaces=(row,), claims=(claim,)), a_pool(), NOON)

    assert [(p.reason.code, p.reason.sentence) for p in planned] == [
        (ReasonCode.RELEASED, "You gave it back.")
    ] * goes


def test_one_that_was_given_back_and_lost_its_workspace_does_not_wait_for_another() -> None:
    claim = a_claim(release_at=NOON)

    assert [p.reason.code for p in expire(View(NOON, claims=(claim,)), a_pool(), NOON)] == [
        ReasonCode.RELEASED
    ]


def test_nobody_knows_an_end_of_what_nobody_holds() -> None:
    assert ends_at(a_workspace(phase=Phase.READY), a_pool()) is None
