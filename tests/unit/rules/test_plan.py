"""How the rules are put together: each sees what the ones before it left."""

from datetime import timedelta
from typing import Any

from carrel.domain.instance import InstanceState
from carrel.domain.reason import ReasonCode
from carrel.domain.workspace import Phase
from carrel.rules.actions import Assign, Attach, Destroy, Fail, Release, Start, subject
from carrel.rules.plan import plan
from carrel.rules.view import View
from carrel.testing.worlds import (
    NOON,
    World,
    a_claim,
    a_pool,
    a_template,
    a_workspace,
    an_instance,
    held,
    workspace_id,
)

HOUR = timedelta(hours=1)


def a_view(**seen: Any) -> View:
    return View(**{"listed_at": NOON, "template": a_template(), **seen})


def test_a_warm_one_that_just_failed_is_not_given_to_anybody_and_is_replaced_at_once() -> None:
    view = a_view(
        workspaces=(a_workspace(),), instances=(an_instance(1, InstanceState.ENDED),), claims=(a_claim(),)
    )

    assert [type(action) for action in plan(view, a_pool(), NOON)] == [Fail, Start]


def test_a_claim_is_released_once_for_the_first_of_two_reasons() -> None:
    row, claim = held(a_workspace(1, Phase.FAILED, at=NOON - HOUR), a_claim(), at=NOON - 20 * HOUR)

    [release] = plan(a_view(workspaces=(row,), claims=(claim,)), a_pool(), NOON)

    assert isinstance(release, Release)
    assert release.reason.code is ReasonCode.CRASHED


def test_nothing_is_assigned_to_or_started_for_somebody_who_went_away() -> None:
    away = a_claim(at=NOON - HOUR)
    ready = a_view(workspaces=(a_workspace(),), instances=(an_instance(),), claims=(away,))

    assert [type(action) for action in plan(ready, a_pool(warm=1), NOON)] == [Release]
    assert [type(action) for action in plan(a_view(claims=(away,)), a_pool(), NOON)] == [Release]


def test_one_workspace_is_not_destroyed_for_two_reasons() -> None:
    rows = (a_workspace(1, template_version="v0"), a_workspace(2), a_workspace(3), a_workspace(4))
    view = a_view(workspaces=rows, instances=tuple(an_instance(number) for number in (1, 2, 3, 4)))

    planned = [action for action in plan(view, a_pool(warm=2), NOON) if isinstance(action, Destroy)]

    assert {(action.workspace.id, action.reason.code) for action in planned} == {
        (workspace_id(1), ReasonCode.OUTDATED),
        (workspace_id(2), ReasonCode.SURPLUS),
    }
    assert len(planned) == 2


def test_people_come_before_refill() -> None:
    view = a_view(workspaces=(a_workspace(),), instances=(an_instance(),), claims=(a_claim(1), a_claim(2)))

    assert [type(action) for action in plan(view, a_pool(warm=1), NOON)] == [Assign, Start, Start]


def test_a_held_one_without_its_home_is_handed_over() -> None:
    row, claim = held(a_workspace(), a_claim(), at=NOON - timedelta(seconds=10))
    view = a_view(workspaces=(row,), instances=(an_instance(),), claims=(claim,))

    assert plan(view, a_pool(), NOON) == [Attach(row, claim)]


def test_a_claim_released_while_its_workspace_is_worked_on_waits_for_the_next_look() -> None:
    row, claim = held(a_workspace(1, Phase.FAILED), a_claim())
    view = a_view(workspaces=(row,), claims=(claim,), in_flight=frozenset({row.id}))

    assert plan(view, a_pool(), NOON) == []


def test_a_pool_fills_itself_and_then_rests() -> None:
    world = World(a_pool(warm=3))

    assert world.settle(6)
    assert [row.phase for row in world.live()] == [Phase.READY] * 3


def test_a_claim_takes_a_warm_one_and_the_pool_refills() -> None:
    world = World(a_pool(warm=1))
    world.settle(6)

    claim = world.claim()
    world.tick(timedelta(seconds=2))
    world.settle(6)

    holding = world.claims[claim].workspace_id
    assert world.visits == [(holding, claim)]
    assert [row.id == holding for row in world.live() if not row.is_warm] == [True]
    assert sum(row.is_warm for row in world.live()) == 1


def test_whoever_waits_is_served_when_another_one_gives_theirs_back() -> None:
    world = World(a_pool(warm=0, limit=1))
    first, second = world.claim(), world.claim()
    world.settle(8)
    assert world.claims[second].workspace_id is None

    world.release(first)
    world.settle(12)

    assert world.claims[second].workspace_id is not None
    assert world.claims[second].workspace_id != world.claims[first].workspace_id


def test_every_action_but_those_without_a_workspace_names_what_it_is_about() -> None:
    row, claim = held(a_workspace(), a_claim())

    assert subject(Attach(row, claim)) == row.id
    assert subject(Release(claim, held_reason())) == row.id
    assert subject(Assign(a_pool().name)) is None


def held_reason() -> Any:
    view = a_view(workspaces=(a_workspace(),), instances=(an_instance(1, InstanceState.ENDED),))
    [fail, *_] = [action for action in plan(view, a_pool(), NOON) if isinstance(action, Fail)]
    return fail.reason
