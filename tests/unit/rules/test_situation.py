"""What is going on, in one sentence, for everybody who may look at a claim."""

from datetime import timedelta
from typing import Any

import pytest

from carrel.domain.claim import ClaimState
from carrel.domain.queue import Coming, Queue
from carrel.domain.workspace import Phase
from carrel.rules.situation import of_settled, of_waiting
from carrel.testing.worlds import NOON, a_claim, a_workspace, held


def a_queue(ages: tuple[float, ...] = (), **more: Any) -> Queue:
    coming = tuple(Coming(NOON - timedelta(seconds=age), Phase.STARTING, NOON) for age in ages)
    plain: dict[str, Any] = {"limit": 20, "room": 0, "start_times": (timedelta(seconds=10),)}
    return Queue(coming=coming, **(plain | more))


@pytest.mark.parametrize(
    ("queue", "place", "sentence"),
    [
        (a_queue((5,)), 1, "A workspace is starting for you."),
        (a_queue((25,)), 1, "A workspace is starting for you, and takes longer than usual."),
        (a_queue((5,), is_failing=True), 1, "A workspace could not be started. Carrel keeps trying."),
        (a_queue((5,), is_failing=True, is_unseen=True), 1, "The machine that runs the workspaces cannot be reached. Carrel keeps trying."),
        (a_queue(room=1, is_failing=True, is_unseen=True), 1, "The machine that runs the workspaces cannot be reached. Carrel keeps trying."),
        (a_queue(is_failing=True, is_unseen=True), 1, "All 20 workspaces of this pool are taken. As soon as somebody gives one back, it is your turn."),
        (a_queue((5,), is_paused=True), 1, "A workspace is starting for you."),
        (a_queue(room=3, is_paused=True), 1, "This pool is paused: nothing new is started until an administrator resumes it."),
        (a_queue((5,), room=1), 2, "A workspace is about to be started for you."),
        (a_queue(), 1, "All 20 workspaces of this pool are taken. As soon as somebody gives one back, it is your turn."),
        (a_queue(limit=1), 1, "The only workspace of this pool is taken. As soon as somebody gives one back, it is your turn."),
        (a_queue(), 2, "All 20 workspaces of this pool are taken. Whoever has waited longest is next when somebody gives one back."),
        (a_queue(limit=0), 1, "This pool is closed: it may have no workspace at present."),
    ],
)  # fmt: skip
def test_whoever_waits_reads_what_they_wait_for(queue: Queue, place: int, sentence: str) -> None:
    assert of_waiting(queue, place, NOON) == sentence


@pytest.mark.parametrize(
    ("phase", "changes", "sentence"),
    [
        (Phase.READY, {}, "Your files are being brought in."),
        (Phase.READY, {"attached_at": NOON}, "It is ready."),
        (Phase.STARTING, {"attached_at": NOON}, "It is starting again."),
        (Phase.FAILED, {"reason": "Its app crashed."}, "Its app crashed."),
        (Phase.GONE, {}, "It has ended."),
    ],
)
def test_whoever_holds_one_reads_how_it_is(phase: Phase, changes: dict[str, Any], sentence: str) -> None:
    row, claim = held(a_workspace(1, phase, **changes), a_claim())
    assert of_settled(claim, row) == sentence


def test_whoever_left_the_queue_reads_just_that() -> None:
    claim = a_claim(state=ClaimState.RELEASED, reason="You left the queue.")
    assert of_settled(claim, None) == "You left the queue."
