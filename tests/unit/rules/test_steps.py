"""Decision table of steps: what somebody who waits sees ticked, running and still to come, with which times."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from carrel.domain.claim import Claim, ClaimState
from carrel.domain.endpoint import Endpoint
from carrel.domain.event import Event
from carrel.domain.queue import Coming
from carrel.domain.step import Step, StepName
from carrel.domain.workspace import Phase, Workspace
from carrel.rules.home_wording import COMING_OUT
from carrel.rules.steps import WAS_WARM, steps
from carrel.testing.worlds import NOON, a_claim, a_workspace, held


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def line(kind: str, seconds: float, sentence: str = "") -> Event:
    return Event(1, at(seconds), kind, sentence)


def coming(phase: Phase, created: float, since: float, *, has_address: bool = False) -> Coming:
    return Coming(at(created), phase, at(since), has_address=has_address)


def taken(phase: Phase = Phase.READY, *, claimed: float = 0, **times: float) -> tuple[Claim, Workspace]:
    """A claim of `claimed` and the workspace it holds; what is not named never happened."""
    given: dict[str, Any] = {name: at(value) for name, value in times.items()}
    row = a_workspace(1, phase, **({"ready_at": None, "assigned_at": None} | given))
    row, claim = held(row, a_claim(at=at(claimed)), at=given.get("assigned_at", NOON))
    return claim, row


def shape(found: list[Step]) -> str:
    """One letter for each step: Done, Now, Todo, Failed; with the whole seconds it took."""
    return " ".join(
        step.state.value[0] + (f"{step.took.total_seconds():.0f}" if step.took is not None else "")
        for step in found
    )


@pytest.mark.parametrize(
    ("times", "lines", "expected"),
    [
        ({}, [], "d60 d1 d d2 n1 t"),
        ({}, [line("preparing", 64)], "d60 d1 d d2 d1 n0"),
        ({"attached_at": 64}, [], "d60 d1 d d2 d1 t"),
        ({"attached_at": 64}, [line("preparing", 63), line("preparing", 63.5)], "d60 d1 d d2 d0 d1"),
        # Of somebody before, had there been anybody.
        ({}, [line("preparing", 10)], "d60 d1 d d2 n1 t"),
    ],
)
def test_what_a_template_prepares_is_a_step_of_its_own(
    times: dict[str, float], lines: list[Event], expected: str
) -> None:
    claim, row = taken(created_at=60, ready_at=63, assigned_at=63, **times)
    timeline = [line("starting", 61), *lines]
    found = steps(claim, workspace=row, timeline=timeline, prepares=True, now=at(64))
    assert shape(found) == expected
    assert len(steps(claim, workspace=row, timeline=timeline, now=at(64))) == 5


@pytest.mark.parametrize(
    ("hope", "expected"),
    [
        (None, "n60 t t t t"),
        (coming(Phase.PENDING, 50, 50), "d50 n10 t t t"),
        (coming(Phase.STARTING, 50, 53), "d50 d3 n7 t t"),
        (coming(Phase.STARTING, 50, 53, has_address=True), "d50 d3 d n7 t"),
        # One that was on its way before anybody asked.
        (coming(Phase.PENDING, -40, -40), "d0 n60 t t t"),
        (coming(Phase.STARTING, -40, -10), "d0 d30 n70 t t"),
        # The clocks of two replicas differ a little.
        (coming(Phase.PENDING, 61, 61), "d61 n0 t t t"),
    ],
)
def test_while_it_waits(hope: Coming | None, expected: str) -> None:
    found = steps(a_claim(), hope=hope, now=at(60))
    assert shape(found) == expected
    assert [step.name for step in found] == list(StepName)[:5]


@pytest.mark.parametrize(
    ("given", "timeline", "expected"),
    [
        # Started for it: every step with its time.
        (
            taken(created_at=10, ready_at=25, assigned_at=25, attached_at=26),
            [line("starting", 12), line("ready", 25), line("assigned", 25)],
            "d10 d2 d d13 d1",
        ),
        (
            taken(created_at=10, ready_at=25, assigned_at=25),
            [line("starting", 12), line("ready", 25)],
            "d10 d2 d d13 n35",
        ),
        # Warm: nobody waited for what was over before.
        (taken(claimed=30, created_at=0, ready_at=9, assigned_at=30), [line("starting", 1)], "d0 d d d n30"),
        # A history that lost its lines says less, and nothing false.
        (taken(created_at=10, ready_at=25, assigned_at=25, attached_at=26), [], "d10 d d d d1"),
        # Ends before its files are in it.
        (
            taken(Phase.FAILED, created_at=10, ready_at=25, assigned_at=25),
            [line("starting", 12)],
            "d10 d2 d d13 f",
        ),
        (taken(Phase.FAILED, created_at=10, assigned_at=25), [line("starting", 12)], "d10 d d f t"),
        (taken(Phase.FAILED, created_at=10, assigned_at=25), [], "d10 f t t t"),
        # Over long ago, after it worked.
        (
            taken(Phase.GONE, created_at=10, ready_at=25, assigned_at=25, attached_at=26),
            [line("starting", 12), line("ready", 25)],
            "d10 d2 d d13 d1",
        ),
    ],
)
def test_once_it_holds_a_workspace(
    given: tuple[Claim, Workspace], timeline: list[Event], expected: str
) -> None:
    claim, row = given
    found = steps(claim, workspace=row, timeline=timeline, now=at(60))
    assert shape(found) == expected
    assert [step.name for step in found] == list(StepName)[:5]


@pytest.mark.parametrize(
    ("endpoint", "expected"), [(None, "d d n5 t d"), (Endpoint("127.0.0.1", 20_001), "d d d n5 d")]
)
def test_a_restart_keeps_machine_and_files(endpoint: Endpoint | None, expected: str) -> None:
    claim, row = taken(Phase.STARTING, created_at=0, ready_at=9, assigned_at=9, attached_at=9)
    row = a_workspace(
        1,
        Phase.STARTING,
        ready_at=at(9),
        attached_at=at(9),
        phase_at=at(55),
        endpoint=endpoint,
        claim_id=claim.id,
    )
    assert shape(steps(claim, workspace=row, now=at(60))) == expected


def test_a_step_says_why_it_failed() -> None:
    claim, row = taken(Phase.FAILED, created_at=10, ready_at=25, assigned_at=25)
    row = a_workspace(
        1, Phase.FAILED, ready_at=at(25), assigned_at=at(25), claim_id=claim.id, reason="The disk is full."
    )
    assert steps(claim, workspace=row, now=at(60))[-1].note == "The disk is full."


def test_a_warm_one_says_so() -> None:
    claim, row = taken(claimed=30, created_at=0, ready_at=9, assigned_at=30)
    assert [step.note for step in steps(claim, workspace=row, now=at(60))] == ["", "", "", WAS_WARM, ""]


def test_a_claim_that_left_the_queue_waited_in_vain() -> None:
    claim = a_claim(state=ClaimState.RELEASED, released_at=at(20), reason="You left the queue.")
    found = steps(claim, now=at(60))
    assert shape(found) == "f20 t t t t"
    assert found[0].note == "You left the queue."


def test_files_that_still_come_out_of_the_workspace_before_are_told_at_their_step() -> None:
    claim, row = taken(created_at=60, ready_at=63, assigned_at=63)
    late = [line("delayed", 64, COMING_OUT)]
    notes = {step.name: step.note for step in steps(claim, workspace=row, timeline=late, now=at(65))}
    assert notes[StepName.FILES] == COMING_OUT
    assert steps(claim, workspace=row, timeline=[], now=at(65))[-1].note == ""
