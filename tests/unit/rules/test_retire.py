"""Decision tables of retire: outdated and stale ones go, and claims go on succeeding."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from carrel.domain.reason import ReasonCode
from carrel.domain.workspace import Phase, Workspace
from carrel.rules.retire import overdue, retire
from carrel.rules.view import View
from carrel.testing.worlds import NOON, World, a_claim, a_pool, a_template, a_workspace, held, workspace_id


def a_view(*rows: Workspace, waiting: int = 0, **seen: Any) -> View:
    claims = tuple(a_claim(100 + number) for number in range(waiting))
    return View(**{"listed_at": NOON, "template": a_template(), "workspaces": rows, "claims": claims, **seen})


def old(number: int, phase: Phase = Phase.READY) -> Workspace:
    return a_workspace(number, phase, template_version="v0")


def new(number: int, phase: Phase = Phase.READY) -> Workspace:
    return a_workspace(number, phase)


def taken(row: Workspace) -> Workspace:
    return held(row, a_claim(int(row.id[1:])))[0]


@pytest.mark.parametrize(
    ("rows", "waiting", "policy", "gone"),
    [
        # With room in the limit, only once a replacement is ready on top.
        ((old(1), old(2)), 0, {"warm": 2}, []),
        ((old(1), old(2), new(3, Phase.STARTING)), 0, {"warm": 2}, []),
        ((old(1), old(2), new(3)), 0, {"warm": 2}, [1]),
        ((old(2), new(3), new(4)), 0, {"warm": 2}, [2]),
        ((new(3), new(4)), 0, {"warm": 2}, []),
        # Without room, one by one, and only when nothing else is under way.
        ((old(1), old(2)), 0, {"warm": 2, "limit": 2}, [1]),
        ((old(1), new(2, Phase.STARTING)), 0, {"warm": 2, "limit": 2}, []),
        ((old(1), new(2, Phase.STOPPING)), 0, {"warm": 2, "limit": 2}, []),
        ((old(1),), 0, {"warm": 1, "limit": 1}, [1]),
        ((old(1), taken(new(2))), 0, {"warm": 1, "limit": 2}, [1]),
        # People who wait take what is ready, old or not.
        ((old(1), old(2), new(3)), 1, {"warm": 2}, []),
        ((old(1),), 1, {"warm": 1, "limit": 1}, []),
        # Somebody's is never too old, and a paused pool keeps what it has.
        ((taken(old(1)), new(2), new(3), new(4)), 0, {"warm": 2}, []),
        ((old(1), old(2), new(3)), 0, {"warm": 2, "paused": True}, []),
        # What is not up yet may go at once, unless somebody waits for it.
        ((old(1, Phase.STARTING), old(2, Phase.PENDING)), 0, {"warm": 2}, [1, 2]),
        ((old(1, Phase.STARTING),), 1, {"warm": 2}, []),
        ((taken(old(1, Phase.STARTING)),), 0, {"warm": 2}, []),
    ],
)
def test_which_outdated_ones_go(
    rows: tuple[Workspace, ...], waiting: int, policy: dict[str, Any], gone: list[int]
) -> None:
    planned = retire(a_view(*rows, waiting=waiting), a_pool(**policy), NOON)

    assert [action.workspace.id for action in planned] == [workspace_id(number) for number in gone]
    assert {action.reason.code for action in planned} <= {ReasonCode.OUTDATED}


def test_an_old_version_that_fails_to_start_makes_way_even_when_people_wait() -> None:
    view = a_view(old(1, Phase.STARTING), waiting=1, recent_failures=(NOON,))

    assert [action.workspace.id for action in retire(view, a_pool(), NOON)] == [workspace_id(1)]


def test_without_room_nothing_is_given_up_for_a_template_that_fails_to_start() -> None:
    view = a_view(old(1), recent_failures=(NOON,))

    assert retire(view, a_pool(warm=1, limit=1), NOON) == []


@pytest.mark.parametrize(
    ("age", "retire_after", "goes"),
    [
        (timedelta(days=3), timedelta(days=3), False),
        (timedelta(days=3, seconds=1), timedelta(days=3), True),
        (timedelta(days=300), None, False),
        (timedelta(days=-300), timedelta(days=3), False),
    ],
)
def test_a_warm_one_becomes_stale(age: timedelta, retire_after: timedelta | None, goes: bool) -> None:
    view = a_view(a_workspace(1, at=NOON - age), a_workspace(2))

    planned = retire(view, a_pool(warm=1, retire_warm_after=retire_after), NOON)

    assert [action.reason.code for action in planned] == [ReasonCode.STALE] * goes


def test_it_is_the_time_spent_warm_that_makes_stale() -> None:
    slow_to_start = a_workspace(1, at=NOON, created_at=NOON - timedelta(days=9))

    assert retire(a_view(slow_to_start, a_workspace(2)), a_pool(warm=1), NOON) == []


def test_outdated_ones_go_before_stale_ones() -> None:
    stale = a_workspace(1, at=NOON - timedelta(days=9))

    [planned] = retire(a_view(stale, old(2), new(3)), a_pool(warm=2), NOON)

    assert planned.workspace.id == workspace_id(2)


def test_what_is_outdated_and_stale_is_due_once() -> None:
    view = a_view(a_workspace(1, at=NOON - timedelta(days=9), template_version="v0"))

    assert [reason.code for _, reason in overdue(view, a_pool(), NOON)] == [ReasonCode.OUTDATED]


def test_one_being_worked_on_counts_as_neither_ready_nor_due() -> None:
    view = a_view(old(1), old(2), new(3), in_flight=frozenset({workspace_id(1)}))

    assert retire(view, a_pool(warm=2), NOON) == []


@pytest.mark.parametrize(("limit", "fewest"), [(10, 3), (4, 3), (3, 2)])
def test_a_new_version_replaces_all_while_claims_go_on_succeeding(limit: int, fewest: int) -> None:
    world = World(a_pool(warm=3, limit=limit))
    assert world.settle(10)
    world.template = a_template("v2")
    ready = []

    for _ in range(40):
        world.apply(world.plan())
        ready.append(sum(row.is_warm for row in world.rows.values()))

    assert {row.template_version for row in world.live()} == {"v2"}
    assert (min(ready), ready[-1]) == (fewest, 3)


def test_when_the_new_version_is_broken_the_old_ones_stay() -> None:
    world = World(a_pool(warm=2))
    assert world.settle(10)
    world.template, world.broken_version = replace(a_template("v2")), "v2"

    for _ in range(40):
        world.apply(world.plan())
        world.tick(timedelta(seconds=30))

    warm = [row for row in world.rows.values() if row.is_warm]
    assert [row.template_version for row in warm] == ["v1", "v1"]
    assert len(world.rows) < 2 + 12, "five minutes apart, not one each pass"
