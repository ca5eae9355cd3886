"""What is going on with a claim, in one sentence for whoever waits. How long that takes is the estimate's to say."""

from datetime import datetime

from carrel.domain.claim import Claim, ClaimState
from carrel.domain.queue import Queue
from carrel.domain.workspace import Phase, Workspace
from carrel.rules.estimate import hope, is_late, may_start


def of_waiting(queue: Queue, place: int, now: datetime) -> str:
    is_coming = hope(queue, place) is not None
    if queue.is_unseen and (is_coming or may_start(queue, place)):
        return "The machine that runs the workspaces cannot be reached. Carrel keeps trying."
    if queue.is_failing and not queue.is_unseen:
        return "A workspace could not be started. Carrel keeps trying."
    if is_coming:
        late = ", and takes longer than usual" if is_late(queue, now) else ""
        return f"A workspace is starting for you{late}."
    if queue.is_paused:
        return "This pool is paused: nothing new is started until an administrator resumes it."
    if may_start(queue, place):
        return "A workspace is about to be started for you."
    return _full(queue.limit, place)


def _full(limit: int, place: int) -> str:
    if limit < 1:
        return "This pool is closed: it may have no workspace at present."
    taken = "The only workspace of this pool is" if limit == 1 else f"All {limit} workspaces of this pool are"
    if place == 1:
        return f"{taken} taken. As soon as somebody gives one back, it is your turn."
    return f"{taken} taken. Whoever has waited longest is next when somebody gives one back."


def of_settled(claim: Claim, workspace: Workspace | None, *, prepares: bool = False) -> str:
    """For a claim that does not wait."""
    if claim.state is ClaimState.RELEASED or workspace is None:
        return (workspace.reason if workspace is not None else None) or claim.reason or "It has ended."
    match workspace.phase:
        case Phase.READY | Phase.DRAINING:
            if workspace.attached_at is not None:
                return "It is ready."
            more = ", and everything is being made ready" if prepares else ""
            return f"Your files are being brought in{more}."
        case Phase.PENDING | Phase.STARTING:
            return "It is starting again."
        case Phase.STOPPING | Phase.GONE | Phase.FAILED:
            return workspace.reason or "It has ended."
