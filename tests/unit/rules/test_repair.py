"""Decision tables of repair: a row in a phase, what the driver shows of it, and the one step that follows."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from carrel.domain.instance import Instance, InstanceState, Progress
from carrel.domain.reason import ReasonCode
from carrel.domain.workspace import Desired, Phase
from carrel.rules.actions import Action, Destroy, Fail, Move, Release, Remove
from carrel.rules.repair import repair
from carrel.rules.view import View
from carrel.testing.worlds import NOON, a_claim, a_pool, a_workspace, an_instance, held, workspace_id

OLD = timedelta(minutes=1)
JUST_NOW = timedelta(seconds=1)
ONE = frozenset({workspace_id(1)})

STARTING, RUNNING, ENDED, STOPPING = InstanceState


def short(actions: list[Action]) -> list[str]:
    """What a step is, in one word and its phase or reason."""
    words = []
    for action in actions:
        match action:
            case Move():
                words.append(f"Move {action.phase}")
            case Fail() | Destroy() | Remove() | Release():
                words.append(f"{type(action).__name__} {action.reason.code}")
            case _:
                words.append(type(action).__name__)
    return words


@pytest.mark.parametrize(
    ("phase", "age", "shown", "seen", "expected"),
    [
        (Phase.PENDING, JUST_NOW, None, {}, ["Ask"]),
        (Phase.PENDING, OLD, None, {}, ["Ask"]),
        (Phase.PENDING, OLD, STARTING, {}, ["Move starting"]),
        (Phase.PENDING, OLD, RUNNING, {"answering": ONE}, ["Move starting"]),
        (Phase.PENDING, OLD, ENDED, {}, ["Fail crashed"]),
        (Phase.PENDING, OLD, STOPPING, {}, []),
        (Phase.STARTING, OLD, STARTING, {}, []),
        (Phase.STARTING, OLD, STARTING, {"answering": ONE}, []),
        (Phase.STARTING, OLD, RUNNING, {}, []),
        (Phase.STARTING, JUST_NOW, RUNNING, {"answering": ONE}, ["Move ready"]),
        (Phase.STARTING, JUST_NOW, ENDED, {}, ["Fail crashed"]),
        (Phase.STARTING, JUST_NOW, None, {}, []),
        (Phase.STARTING, OLD, None, {}, ["Fail lost"]),
        (Phase.STARTING, timedelta(minutes=6), RUNNING, {}, ["Fail start_timeout"]),
        (Phase.STARTING, timedelta(minutes=6), STARTING, {}, ["Fail start_timeout"]),
        (Phase.STARTING, timedelta(minutes=6), RUNNING, {"answering": ONE}, ["Move ready"]),
        (Phase.READY, OLD, RUNNING, {}, []),
        (Phase.READY, OLD, STARTING, {}, []),
        (Phase.READY, OLD, ENDED, {}, ["Fail crashed"]),
        (Phase.READY, OLD, None, {}, ["Fail lost"]),
        (Phase.READY, JUST_NOW, None, {}, []),
        (Phase.READY, OLD, RUNNING, {"silent": ONE}, ["Fail unresponsive"]),
        (Phase.DRAINING, OLD, RUNNING, {}, ["Destroy released"]),
        (Phase.STOPPING, OLD, RUNNING, {}, ["Remove released"]),
        (Phase.STOPPING, OLD, STOPPING, {}, ["Remove released"]),
        (Phase.STOPPING, OLD, None, {}, ["Move gone"]),
        (Phase.STOPPING, -JUST_NOW, None, {}, ["Remove released"]),
        (Phase.FAILED, OLD, RUNNING, {}, ["Destroy crashed"]),
        (Phase.FAILED, OLD, None, {}, ["Destroy crashed"]),
    ],
)
def test_an_unclaimed_workspace_takes_one_step_towards_agreement(
    phase: Phase, age: timedelta, shown: InstanceState | None, seen: dict[str, Any], expected: list[str]
) -> None:
    instances = (an_instance(1, shown),) if shown else ()
    view = View(NOON, workspaces=(a_workspace(1, phase, at=NOON - age),), instances=instances, **seen)

    assert short(repair(view, a_pool(), NOON)) == expected


@pytest.mark.parametrize(
    ("phase", "age", "shown", "seen", "expected"),
    [
        (Phase.READY, OLD, RUNNING, {}, []),
        (Phase.READY, OLD, RUNNING, {"silent": ONE}, []),
        (Phase.READY, OLD, ENDED, {}, ["Fail crashed"]),
        (Phase.READY, OLD, None, {}, ["Fail lost"]),
        (Phase.DRAINING, OLD, RUNNING, {}, []),
        (Phase.STARTING, timedelta(minutes=6), RUNNING, {}, ["Fail start_timeout"]),
        (Phase.FAILED, OLD, ENDED, {}, ["Release crashed"]),
        (Phase.STOPPING, OLD, RUNNING, {}, ["Release released"]),
        (Phase.STOPPING, OLD, None, {}, ["Release released"]),
    ],
)
def test_a_held_workspace_fails_or_is_released_but_never_simply_goes(
    phase: Phase, age: timedelta, shown: InstanceState | None, seen: dict[str, Any], expected: list[str]
) -> None:
    row, claim = held(a_workspace(1, phase, at=NOON - age), a_claim())
    instances = (an_instance(1, shown),) if shown else ()
    view = View(NOON, workspaces=(row,), instances=instances, claims=(claim,), **seen)

    assert short(repair(view, a_pool(), NOON)) == expected


def test_its_owner_is_told_what_the_driver_knows_of_the_end() -> None:
    instance = replace(an_instance(1, ENDED), sentence="The command ended with exit status 1.")
    view = View(NOON, workspaces=(a_workspace(1, Phase.READY),), instances=(instance,))

    [step] = repair(view, a_pool(), NOON)

    assert isinstance(step, Fail)
    assert step.reason.sentence == "The command ended with exit status 1."


def test_the_reason_of_a_failure_stays_the_reason_to_the_end() -> None:
    row = a_workspace(1, Phase.FAILED, reason_code="rejected", reason="The command 'jupiter' is not there.")
    row, claim = held(row, a_claim())
    view = View(NOON, workspaces=(row,), claims=(claim,))

    [step] = repair(view, a_pool(), NOON)

    assert isinstance(step, Release)
    assert (step.reason.code, step.reason.sentence) == (ReasonCode.REJECTED, row.reason)


def test_endpoint_and_handle_come_from_the_driver() -> None:
    view = View(NOON, workspaces=(a_workspace(1, Phase.PENDING),), instances=(an_instance(1),))

    [step] = repair(view, a_pool(), NOON)

    assert step == Move(
        view.workspaces[0], Phase.STARTING, view.instances[0].endpoint, view.instances[0].handle
    )


@pytest.mark.parametrize("phase", [Phase.PENDING, Phase.STARTING, Phase.READY, Phase.DRAINING])
def test_what_is_wanted_no_more_is_destroyed_in_any_phase(phase: Phase) -> None:
    row = a_workspace(1, phase, desired=Desired.GONE, reason_code="stopped_by_admin", reason="Stopped.")

    assert short(repair(View(NOON, workspaces=(row,)), a_pool(), NOON)) == ["Destroy stopped_by_admin"]


@pytest.mark.parametrize(
    ("assigned_before", "expected"), [(OLD, ["Destroy released"]), (JUST_NOW, []), (-OLD, [])]
)
def test_a_row_whose_claim_is_over_goes_unless_the_claim_may_only_be_newer_than_our_look(
    assigned_before: timedelta, expected: list[str]
) -> None:
    row, _ = held(a_workspace(), a_claim(), at=NOON - assigned_before)

    assert (
        short(repair(View(NOON, workspaces=(row,), instances=(an_instance(),)), a_pool(), NOON)) == expected
    )


@pytest.mark.parametrize(("held_before", "expected"), [(OLD, ["Release lost"]), (JUST_NOW, []), (-OLD, [])])
def test_a_claim_whose_workspace_is_gone_is_released(held_before: timedelta, expected: list[str]) -> None:
    _, claim = held(a_workspace(), a_claim(), at=NOON - held_before)

    assert short(repair(View(NOON, claims=(claim,)), a_pool(), NOON)) == expected


@pytest.mark.parametrize(
    ("age", "instance", "expected"),
    [
        (JUST_NOW, an_instance(1), []),
        (JUST_NOW, an_instance(1, ENDED), []),
        (JUST_NOW, None, []),
        (JUST_NOW, replace(an_instance(1), handle="another"), ["Move ready"]),
        (JUST_NOW, replace(an_instance(1, ENDED), handle="another"), ["Fail crashed"]),
        (OLD, an_instance(1), ["Move ready"]),
        (OLD, an_instance(1, ENDED), ["Fail crashed"]),
        (OLD, None, ["Fail lost"]),
    ],
)
def test_during_a_restart_the_old_instance_is_not_taken_for_the_new_one(
    age: timedelta, instance: Instance | None, expected: list[str]
) -> None:
    row = a_workspace(1, Phase.STARTING, at=NOON - age, ready_at=NOON - timedelta(hours=1), handle="h1")
    row, claim = held(row, a_claim())
    instances = (instance,) if instance else ()
    view = View(NOON, workspaces=(row,), instances=instances, claims=(claim,), answering=ONE)

    assert short(repair(view, a_pool(), NOON)) == expected


@pytest.mark.parametrize(
    ("failures", "waiting", "expected"),
    [
        ([], False, 3),
        ([timedelta(seconds=1)], False, 0),
        ([timedelta(seconds=2)], False, 3),
        ([timedelta(seconds=2)] * 3, True, 0),
        ([timedelta(seconds=8)] * 3, True, 1),
        ([timedelta(seconds=61)] * 9, True, 1),
        ([timedelta(seconds=61)] * 9, False, 0),
    ],
)
def test_after_failures_the_driver_is_asked_again_only_slowly(
    failures: list[timedelta], waiting: bool, expected: int
) -> None:
    rows = tuple(a_workspace(number, Phase.PENDING) for number in (1, 2, 3))
    claims = (a_claim(),) if waiting else ()
    view = View(NOON, workspaces=rows, claims=claims, recent_failures=tuple(NOON - age for age in failures))

    assert short(repair(view, a_pool(), NOON)) == ["Ask"] * expected


def test_a_workspace_that_a_claim_gave_back_to_the_pool_is_not_abandoned() -> None:
    row = a_workspace(1, assigned_at=NOON - OLD)

    assert repair(View(NOON, workspaces=(row,), instances=(an_instance(1),)), a_pool(), NOON) == []


def test_the_time_to_start_is_counted_from_the_restart() -> None:
    row = a_workspace(1, Phase.STARTING, at=NOON - OLD, created_at=NOON - timedelta(hours=1))

    assert repair(View(NOON, workspaces=(row,), instances=(an_instance(1),)), a_pool(), NOON) == []


def test_a_waiting_claim_is_nothing_to_repair() -> None:
    assert repair(View(NOON, claims=(a_claim(at=NOON - OLD),)), a_pool(), NOON) == []


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ({"state": STARTING, "progress": Progress("The image is being fetched.", 0.4)}, []),
        ({"state": RUNNING, "begun_at": NOON - OLD}, []),
        ({"state": STARTING, "progress": Progress("It is being started."), "begun_at": NOON - OLD}, []),
        ({"state": RUNNING, "begun_at": NOON - timedelta(minutes=6)}, ["Fail start_timeout"]),
        ({"state": RUNNING, "begun_at": NOON + OLD}, []),
        ({"state": STARTING}, ["Fail start_timeout"]),
    ],
)
def test_an_image_that_is_fetched_is_not_held_against_the_app(
    shown: dict[str, Any], expected: list[str]
) -> None:
    row = replace(a_workspace(1, Phase.STARTING), phase_at=NOON - timedelta(hours=1))
    instance = replace(an_instance(1), **shown)
    view = View(NOON, workspaces=(row,), instances=(instance,))
    assert short(repair(view, a_pool(), NOON)) == expected


def test_an_image_is_not_fetched_for_ever() -> None:
    row = replace(a_workspace(1, Phase.STARTING), phase_at=NOON - timedelta(hours=3))
    fetched = replace(an_instance(1), state=STARTING, progress=Progress("The image is being fetched.", 0.4))
    view = View(NOON, workspaces=(row,), instances=(fetched,))
    assert short(repair(view, a_pool(), NOON)) == ["Fail start_timeout"]
