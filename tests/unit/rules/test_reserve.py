"""Workspaces that are started with somebody's files: for whom, how many, and what becomes of them when nobody waits any more."""

from dataclasses import replace
from datetime import timedelta

import pytest

from carrel.domain.claim import ClaimState
from carrel.domain.ids import HomeId
from carrel.domain.reason import ReasonCode
from carrel.domain.template import HomeKind
from carrel.domain.workspace import Desired, Phase, Workspace
from carrel.rules.actions import Ask, Assign, Destroy, Start
from carrel.rules.assign import assign
from carrel.rules.foresee import foresee
from carrel.rules.plan import plan
from carrel.rules.reserve import unreserve
from carrel.rules.resize import resize
from carrel.rules.retire import retire
from carrel.rules.view import View
from carrel.testing.worlds import NOON, World, a_claim, a_pool, a_template, a_workspace

SECOND = timedelta(seconds=1)


def home(number: int) -> HomeId:
    return HomeId(f"h{number:015d}")


def reserved(number: int, phase: Phase = Phase.STARTING, **changes: object) -> Workspace:
    return a_workspace(number, phase, home_id=home(number), **changes)


def waits(number: int, **changes: object) -> object:
    return a_claim(number, at=NOON + number * SECOND, home_id=home(number), **changes)


def seen(*rows: Workspace, waiting: int = 0, **given: object) -> View:
    plain = {
        "listed_at": NOON,
        "template": a_template(),
        "workspaces": rows,
        "claims": tuple(waits(number) for number in range(1, waiting + 1)),
        "starts_with_home": True,
    }
    return View(**{**plain, **given})  # type: ignore[arg-type]


def started(view: View, **policy: int) -> list[HomeId | None]:
    planned = resize(view, a_pool(**{"limit": 9, **policy}), NOON)
    return [one.claim.home_id if one.claim else None for one in planned if isinstance(one, Start)]


def ended(view: View, **policy: int) -> list[str]:
    planned = resize(view, a_pool(**{"limit": 9, **policy}), NOON)
    return [one.workspace.id[-1] for one in planned if isinstance(one, Destroy)]


def test_nothing_is_warm_and_each_who_waits_has_one_started_with_their_files() -> None:
    assert started(seen(), warm=3) == []
    assert started(seen(waiting=3), warm=3) == [home(1), home(2), home(3)]


def test_whoever_waits_longest_is_first_where_there_is_not_room_for_all() -> None:
    assert started(seen(reserved(9, Phase.READY), waiting=3), limit=3) == [home(1), home(2)]


def test_nobody_has_two_started() -> None:
    assert started(seen(reserved(1), waiting=2)) == [home(2)]
    assert started(seen(reserved(1), reserved(2, Phase.READY), waiting=2)) == []


def test_files_that_are_elsewhere_and_what_was_refused_a_moment_ago_are_waited_for() -> None:
    assert started(seen(waiting=2, homes_elsewhere=frozenset({waits(1).id}))) == [home(2)]  # type: ignore[attr-defined]
    assert started(seen(waiting=2, in_flight=frozenset({waits(1).id})), limit=1) == [home(2)]  # type: ignore[attr-defined]


def test_a_template_that_keeps_no_files_is_warm_all_the_same() -> None:
    keeps_none = replace(a_template(), home=HomeKind.NONE)
    assert started(seen(template=keeps_none), warm=2) == [None, None]
    assert started(seen(waiting=2, template=keeps_none)) == [None, None]


def test_where_files_come_later_nothing_is_started_for_one() -> None:
    assert started(seen(waiting=2, starts_with_home=False)) == [None, None]
    assert started(seen(reserved(1), waiting=2, starts_with_home=False)) == [None]


def test_after_failures_one_at_a_time_finds_out_whether_it_works_again() -> None:
    failed = (NOON - timedelta(hours=1),) * 3
    assert started(seen(waiting=3, recent_failures=failed)) == [home(1)]
    assert started(seen(reserved(1), waiting=3, recent_failures=failed)) == []


def test_a_paused_pool_starts_none() -> None:
    assert not [
        one for one in resize(seen(waiting=2), a_pool(limit=9, paused=True), NOON) if isinstance(one, Start)
    ]


def test_what_nobody_waits_for_any_more_is_ended() -> None:
    view = seen(reserved(1), reserved(2, Phase.READY), reserved(3, Phase.PENDING), waiting=1)
    planned = unreserve(view, a_pool(limit=9))
    assert [one.workspace.id[-1] for one in planned] == ["2", "3"]
    assert {one.reason.code for one in planned} == {ReasonCode.SURPLUS}


def test_under_a_lower_limit_whoever_came_last_loses_it() -> None:
    assert ended(seen(reserved(1), reserved(2), reserved(3), waiting=3), limit=1) == ["2", "3"]


def test_what_is_warm_without_files_where_they_come_only_at_the_start_goes() -> None:
    view = seen(a_workspace(1), a_workspace(2, Phase.STARTING), waiting=1)
    assert sorted(ended(view, warm=2)) == ["1", "2"]


def test_only_its_own_claim_makes_it_worth_assigning() -> None:
    pool = a_pool()
    assert assign(seen(reserved(2, Phase.READY), waiting=1), pool) == []
    assert assign(seen(reserved(1, Phase.READY), waiting=1), pool) == [Assign(pool.name)]
    assert assign(seen(reserved(1, Phase.STARTING), waiting=1), pool) == []


def test_an_older_version_is_served_all_the_same_unless_it_fails_to_start() -> None:
    view = seen(reserved(1, template_version="v0"), waiting=1)
    assert retire(view, a_pool(), NOON) == []
    failing = replace(view, recent_failures=(NOON,))
    assert [one.reason.code for one in retire(failing, a_pool(), NOON)] == [ReasonCode.OUTDATED]


@pytest.mark.parametrize(
    ("phase", "desired", "counts"),
    [
        (Phase.PENDING, Desired.RUNNING, True),
        (Phase.STARTING, Desired.RUNNING, True),
        (Phase.READY, Desired.RUNNING, True),
        (Phase.DRAINING, Desired.RUNNING, False),
        (Phase.READY, Desired.GONE, False),
        (Phase.FAILED, Desired.GONE, False),
    ],
)
def test_with_files_in_it_it_is_neither_warm_nor_coming(phase: Phase, desired: Desired, counts: bool) -> None:
    row = reserved(1, phase, desired=desired)
    assert (row.is_reserved, row.is_warm, row.is_coming) == (counts, False, False)


def test_it_is_asked_for_as_any_other() -> None:
    row = reserved(1, Phase.PENDING)
    assert Ask(row) in plan(seen(row, waiting=1), a_pool(limit=9), NOON)


def test_a_world_of_people_with_files_comes_to_rest_with_everybody_in_theirs() -> None:
    world = World(a_pool(limit=3, warm=2), starts_with_home=True)
    first, *others = [world.claim(home(number)) for number in (1, 2, 3, 4)]
    world.now += 5 * SECOND
    assert not world.settle(4)
    world.now += 5 * SECOND
    world.settle(20)
    assert [world.claims[one].state for one in (first, *others)] == [ClaimState.HELD] * 3 + [
        ClaimState.WAITING
    ]
    world.release(first)
    again = world.claim(home(1))
    for _ in range(8):
        world.tick(5 * SECOND)
        world.settle(20)
    assert world.claims[others[-1]].state is ClaimState.HELD
    assert world.claims[again].state is ClaimState.WAITING
    assert sorted(world.seen_inside.values()) == [home(2), home(3), home(4)]


def test_one_that_was_started_for_somebody_who_left_is_not_given_to_the_next() -> None:
    assert _whose_files_the_next_gets() == {home(2)}


def test_that_test_notices_when_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(World, "_fits", lambda *_: True)
    with pytest.raises(AssertionError):
        test_one_that_was_started_for_somebody_who_left_is_not_given_to_the_next()


def _whose_files_the_next_gets() -> set[HomeId]:
    world = World(a_pool(limit=5), starts_with_home=True)
    left = world.claim(home(1))
    while not any(row.phase is Phase.READY for row in world.rows.values()):
        world.apply([one for one in world.plan() if not isinstance(one, Assign)])
    world.release(left)
    mine = world.claim(home(2))
    for _ in range(8):
        row = next((row for row in world.rows.values() if row.claim_id == mine), None)
        assert row is None or row.home_id == home(2)
        world.tick(2 * SECOND)
        world.apply(world.plan())
    return set(world.seen_inside.values())


def test_files_are_not_started_with_anew_until_the_former_instance_is_gone() -> None:
    world = World(a_pool(limit=5), starts_with_home=True)
    former = world.claim(home(1))
    _pass(world)
    world.is_stuck = True
    world.release(former)
    again = world.claim(home(1))
    _pass(world)
    assert list(world.seen_inside.values()) == [home(1)]
    assert world.claims[again].state is ClaimState.WAITING
    world.is_stuck = False
    _pass(world)
    assert list(world.seen_inside.values()) == [home(1)]
    assert world.claims[again].state is ClaimState.HELD


def test_that_test_notices_when_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(World, "_where", lambda *_: None)
    with pytest.raises(AssertionError):
        test_files_are_not_started_with_anew_until_the_former_instance_is_gone()


def _pass(world: World) -> None:
    for _ in range(8):
        world.tick(5 * SECOND)
        world.apply(world.plan())


def test_what_is_foreseen_is_that_everybody_gets_one_of_their_own() -> None:
    found = foresee(seen(waiting=3), a_pool(limit=2, warm=1), NOON)
    assert (found.starts, found.assigned, found.still_waiting, found.is_whole) == (2, 2, 1, True)
