"""Decision tables of expire: whose time is up, and what they are told."""

from datetime import time, timedelta

import pytest

from carrel.domain.quiet import QuietHours
from carrel.domain.reason import ReasonCode
from carrel.domain.workspace import Phase
from carrel.rules.actions import Release, Warn
from carrel.rules.expire import announced_at, ends_at, expire, to_be_entered_by
from carrel.rules.view import View
from carrel.testing.worlds import NOON, a_claim, a_pool, a_workspace, held

SECOND = timedelta(seconds=1)


def releases(planned: list[Release | Warn]) -> list[Release]:
    assert all(isinstance(action, Release) for action in planned)
    return [action for action in planned if isinstance(action, Release)]


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
    planned = releases(expire(View(NOON, workspaces=(row,), claims=(claim,)), a_pool(max_age=max_age), NOON))

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
    planned = releases(expire(View(NOON, workspaces=(row,), claims=(claim,)), a_pool(), NOON))

    assert [p.reason.sentence for p in planned] == [
        "Nobody entered it within 30 minutes, so it was stopped."
    ] * goes
    assert {p.reason.code for p in planned} <= {ReasonCode.UNENTERED}


def test_who_waited_long_for_their_files_has_the_whole_time_to_go_in() -> None:
    row, claim = held(a_workspace(attached_at=NOON - SECOND), a_claim(), at=NOON - timedelta(hours=1))
    assert expire(View(NOON, workspaces=(row,), claims=(claim,)), a_pool(), NOON) == []
    assert to_be_entered_by(row, a_pool()) == NOON - SECOND + timedelta(minutes=30)


@pytest.mark.parametrize(
    ("unwatched_for", "goes"),
    [(timedelta(minutes=2), False), (timedelta(minutes=2) + SECOND, True), (timedelta(minutes=-9), False)],
)
def test_a_waiting_claim_that_nobody_watches_leaves_the_queue(unwatched_for: timedelta, goes: bool) -> None:
    claim = a_claim(at=NOON - timedelta(hours=1), watched_at=NOON - unwatched_for)
    planned = releases(expire(View(NOON, claims=(claim,)), a_pool(), NOON))

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
    planned = releases(expire(View(NOON, workspaces=(row,), claims=(claim,)), a_pool(), NOON))

    assert [(p.reason.code, p.reason.sentence) for p in planned] == [
        (ReasonCode.RELEASED, "You gave it back.")
    ] * goes


def test_one_that_was_given_back_and_lost_its_workspace_does_not_wait_for_another() -> None:
    claim = a_claim(release_at=NOON)

    assert [p.reason.code for p in expire(View(NOON, claims=(claim,)), a_pool(), NOON)] == [
        ReasonCode.RELEASED
    ]


@pytest.mark.parametrize(
    ("held_for", "warned", "told"),
    [
        (timedelta(hours=11, minutes=49), None, False),
        (timedelta(hours=11, minutes=50), None, True),
        (timedelta(hours=11, minutes=55), timedelta(minutes=4), False),
        (timedelta(hours=11, minutes=55), timedelta(hours=2), True),  # of something else, long ago
    ],
)
def test_who_is_held_too_long_soon_is_told_before(
    held_for: timedelta, warned: timedelta | None, told: bool
) -> None:
    began = NOON - held_for
    row = a_workspace(attached_at=began, entered_at=began, warned_at=NOON - warned if warned else None)
    row, claim = held(row, a_claim(), at=began)
    planned = expire(View(NOON, workspaces=(row,), claims=(claim,)), a_pool(), NOON)

    end = began + timedelta(hours=12)
    because = "it was to run for 12 hours, the most this pool allows"
    assert planned == [Warn(row, end, because, is_certain=True)] * told


def test_a_short_life_is_announced_in_its_last_third() -> None:
    row, _ = held(a_workspace(attached_at=NOON), a_claim())
    assert announced_at(row, a_pool(max_age=timedelta(minutes=3)), NOON) == NOON + timedelta(minutes=2)
    assert announced_at(row, a_pool(max_age=None), NOON) is None


@pytest.mark.parametrize(("hour", "goes"), [(21, False), (22, True), (23, True), (5, True), (6, False)])
def test_with_quiet_hours_it_goes_on_until_they_begin(hour: int, goes: bool) -> None:
    now = NOON.replace(hour=hour)
    row = a_workspace(entered_at=NOON, attached_at=NOON, warned_at=now)
    row, claim = held(row, a_claim(), at=now - timedelta(hours=13))
    pool = a_pool(quiet_hours=QuietHours(time(22), time(6)))
    planned = expire(View(now, workspaces=(row,), claims=(claim,)), pool, now)

    told = "It was to run for 12 hours, the most this pool allows, and went on until the quiet hours (22:00-06:00 UTC)."
    at_once = "It ran for 12 hours, the most this pool allows."
    said = [release.reason.sentence for release in planned if isinstance(release, Release)]
    assert said == ([at_once if hour in (23, 5) else told] if goes else [])


def test_nobody_knows_an_end_of_what_nobody_holds() -> None:
    assert ends_at(a_workspace(phase=Phase.READY), a_pool(), NOON) is None
