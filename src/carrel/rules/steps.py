"""How far a claim is, as named steps with their times, for the one who waits. Reads facts and timelines; decides nothing."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from carrel.domain.claim import Claim, ClaimState
from carrel.domain.event import Event
from carrel.domain.instance import Progress
from carrel.domain.queue import Coming
from carrel.domain.step import Step, StepName, StepState
from carrel.domain.workspace import Phase, Workspace
from carrel.rules.home_wording import COMING_OUT

WAS_WARM: Final = "It was running before you asked."
_ALL: Final = tuple(StepName)
_USUAL: Final = tuple(name for name in StepName if name is not StepName.PREPARE)
_UP: Final = frozenset({Phase.READY, Phase.DRAINING})


def steps(
    claim: Claim,
    *,
    workspace: Workspace | None = None,
    hope: Coming | None = None,
    progress: Progress | None = None,
    timeline: Sequence[Event] = (),
    prepares: bool = False,
    now: datetime,
) -> list[Step]:
    """`workspace` is what the claim holds or held; `hope`, while it waits, the one on its way that will probably be its own.

    `progress` is that of its start, `timeline` that of the workspace. `prepares`: its template says what is to be made ready before its person goes in.
    """
    if workspace is not None:
        found = _of_workspace(claim, workspace, timeline)
    elif hope is not None:
        found = [_moving(step, progress) for step in _of_hope(claim, hope)]
    else:
        found = _in_queue(claim)
    found += [Step(name, StepState.AHEAD) for name in _ALL[len(found) :]]
    return [_timed(step, now) for step in (found if prepares else found[: len(_USUAL)])]


def _in_queue(claim: Claim) -> list[Step]:
    if claim.state is ClaimState.RELEASED:
        took = claim.released_at - claim.created_at if claim.released_at else None
        return [Step(StepName.QUEUE, StepState.FAILED, claim.created_at, took, claim.reason or "")]
    return [Step(StepName.QUEUE, StepState.NOW, claim.created_at)]


def _moving(step: Step, progress: Progress | None) -> Step:
    if progress is None or (step.name, step.state) != (StepName.START, StepState.NOW):
        return step
    return replace(step, note=progress.sentence, fraction=progress.fraction)


def _of_hope(claim: Claim, hope: Coming) -> list[Step]:
    left_queue_at = max(claim.created_at, hope.created_at)
    queue = _done(StepName.QUEUE, claim.created_at, left_queue_at)
    if hope.phase is Phase.PENDING:
        return [queue, Step(StepName.MACHINE, StepState.NOW, left_queue_at)]
    machine = _done(StepName.MACHINE, hope.created_at, hope.phase_at)
    return [queue, machine, *_starting(hope.phase_at, has_address=hope.has_address)]


def _starting(since: datetime, *, has_address: bool) -> list[Step]:
    if not has_address:
        return [Step(StepName.START, StepState.NOW, since)]
    return [Step(StepName.START, StepState.DONE, since), Step(StepName.APP, StepState.NOW, since)]


def _of_workspace(claim: Claim, workspace: Workspace, timeline: Sequence[Event]) -> list[Step]:
    if workspace.phase is Phase.STARTING and workspace.ready_at is not None:
        return _restarting(workspace)
    begun = next((event.at for event in timeline if event.kind == Phase.STARTING.value), None)
    queue = _done(StepName.QUEUE, claim.created_at, max(claim.created_at, workspace.created_at))
    return [queue, *_up(claim, workspace, begun), *_files(workspace, timeline)]


def _restarting(workspace: Workspace) -> list[Step]:
    """It keeps its place, its machine and its files."""
    before = [Step(name, StepState.DONE) for name in (StepName.QUEUE, StepName.MACHINE)]
    again = _starting(workspace.phase_at, has_address=workspace.endpoint is not None)
    missing = [Step(StepName.APP, StepState.AHEAD)] if len(again) == 1 else []
    after = [Step(name, StepState.DONE) for name in (StepName.FILES, StepName.PREPARE)]
    return [*before, *again, *missing, *after]


def _up(claim: Claim, workspace: Workspace, begun: datetime | None) -> list[Step]:
    """From asked for to answering; no times for what was over before the person asked."""
    if workspace.ready_at is None:
        failed = StepName.MACHINE if begun is None else StepName.APP
        done = [Step(StepName.MACHINE, StepState.DONE), Step(StepName.START, StepState.DONE)]
        return [*(done if begun else []), Step(failed, StepState.FAILED, note=workspace.reason or "")]
    if workspace.ready_at <= claim.created_at:
        names = (StepName.MACHINE, StepName.START)
        return [
            *(Step(name, StepState.DONE) for name in names),
            Step(StepName.APP, StepState.DONE, note=WAS_WARM),
        ]
    return [
        _done(StepName.MACHINE, workspace.created_at, begun),
        Step(StepName.START, StepState.DONE, begun),
        _done(StepName.APP, begun, workspace.ready_at),
    ]


def _files(workspace: Workspace, timeline: Sequence[Event]) -> list[Step]:
    """And what is made ready once they are in."""
    if workspace.ready_at is None:
        return []
    began_at = workspace.assigned_at
    told = [event for event in timeline if event.kind == "preparing" and began_at and event.at >= began_at]
    if not told:
        comes = any(event.sentence == COMING_OUT and began_at and event.at >= began_at for event in timeline)
        return _last(workspace, StepName.FILES, began_at, note=COMING_OUT if comes else "")
    files = _done(StepName.FILES, began_at, told[0].at)
    return [files, *_last(workspace, StepName.PREPARE, told[0].at, note=told[-1].sentence)]


def _last(workspace: Workspace, name: StepName, began_at: datetime | None, note: str = "") -> list[Step]:
    if workspace.attached_at is not None:
        return [_done(name, began_at, workspace.attached_at)]
    if workspace.phase in _UP:
        return [Step(name, StepState.NOW, began_at, note=note)]
    return [Step(name, StepState.FAILED, began_at, note=workspace.reason or "")]


def _done(name: StepName, began_at: datetime | None, ended_at: datetime | None) -> Step:
    took = None if began_at is None or ended_at is None else max(ended_at - began_at, timedelta(0))
    return Step(name, StepState.DONE, began_at, took)


def _timed(step: Step, now: datetime) -> Step:
    if step.state is not StepState.NOW or step.began_at is None:
        return step
    return replace(step, took=max(now - step.began_at, timedelta(0)))
