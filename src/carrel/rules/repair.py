"""What the driver shows against what the store expects: one step for each workspace towards agreement.

Decides nothing about numbers or time limits of people; a workspace that somebody holds only ever fails or is released.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from carrel.domain.claim import Claim, ClaimState
from carrel.domain.instance import Instance, InstanceState
from carrel.domain.pool import Pool
from carrel.domain.reason import Reason, ReasonCode
from carrel.domain.workspace import Phase, Workspace
from carrel.rules.actions import Action, Ask, Destroy, Fail, Move, Release, Remove
from carrel.rules.pace import is_one_at_a_time, may_try
from carrel.rules.view import View, is_ending
from carrel.rules.wording import humanly, recorded

_LOST = Reason(ReasonCode.LOST, "It vanished: the backend does not know it any more.")
_MAKES_WITHIN: Final = timedelta(hours=2)
"""A large image over a thin line; beyond that nobody believes in it any more."""
_SILENT = Reason(ReasonCode.UNRESPONSIVE, "It was running but did not answer.")


def repair(view: View, policy: Pool, now: datetime) -> list[Action]:
    listed = {instance.workspace_id: instance for instance in view.instances}
    holders = {claim.workspace_id: claim for claim in view.claims if claim.state is ClaimState.HELD}
    steps = [
        _step(view, policy, now, row=row, instance=listed.get(row.id), holder=holders.get(row.id))
        for row in view.workspaces
    ]
    return [
        *_paced([step for step in steps if isinstance(step, Ask)], view, now),
        *(step for step in steps if step is not None and not isinstance(step, Ask)),
        *_bereft(view),
    ]


def _step(
    view: View,
    policy: Pool,
    now: datetime,
    *,
    row: Workspace,
    instance: Instance | None,
    holder: Claim | None,
) -> Action | None:
    if is_ending(row):
        return _end(view, row, instance, holder)
    if holder is None and (_is_abandoned(view, row) or row.phase is Phase.DRAINING):
        return Destroy(row, recorded(row))
    match row.phase:
        case Phase.PENDING:
            return _pending(row, instance)
        case Phase.STARTING:
            return _starting(view, policy, now, row=row, instance=instance)
        case _:
            return _running(view, row, instance)


def _end(view: View, row: Workspace, instance: Instance | None, holder: Claim | None) -> Action:
    if holder is not None:
        return Release(holder, recorded(row), row)
    if row.phase is not Phase.STOPPING:
        return Destroy(row, recorded(row))
    if instance is None and row.phase_at <= view.listed_at:
        return Move(row, Phase.GONE)
    return Remove(row, recorded(row))


def _is_abandoned(view: View, row: Workspace) -> bool:
    """It bears a claim that is not live. Assigned lately, that claim may only be newer than our list of claims."""
    return row.claim_id is not None and row.assigned_at is not None and view.is_settled(row.assigned_at)


def _pending(row: Workspace, instance: Instance | None) -> Action | None:
    if instance is None:
        return Ask(row)
    if instance.state is InstanceState.ENDED:
        return Fail(row, _crashed(instance))
    if instance.state is InstanceState.STOPPING:
        return None
    return Move(row, Phase.STARTING, instance.endpoint, instance.handle)


def _starting(
    view: View, policy: Pool, now: datetime, *, row: Workspace, instance: Instance | None
) -> Action | None:
    if not _is_believable(view, row, instance):
        return None
    if instance is None:
        return Fail(row, _LOST)
    if instance.state is InstanceState.ENDED:
        return Fail(row, _crashed(instance))
    if instance.state is InstanceState.RUNNING and row.id in view.answering:
        return Move(row, Phase.READY, instance.endpoint, instance.handle)
    if _time_to_answer(row, instance, now) > policy.start_timeout:
        sentence = f"It did not answer within {humanly(policy.start_timeout)} of its start."
        return Fail(row, Reason(ReasonCode.START_TIMEOUT, sentence))
    return None


def _time_to_answer(row: Workspace, instance: Instance, now: datetime) -> timedelta:
    """How long the app has had. Until something of it is made its driver counts, which tells how far it is and gives up by itself."""
    since = max(row.phase_at, min(instance.begun_at or row.phase_at, now))
    is_being_made = instance.state is InstanceState.STARTING and instance.progress is not None
    if is_being_made and instance.begun_at is None and now - since < _MAKES_WITHIN:
        return timedelta(0)
    return now - since


def _is_believable(view: View, row: Workspace, instance: Instance | None) -> bool:
    """Right after the row changed, a missing instance may only be late, and what is listed during a restart may be the old
    one on its way out: then only a new handle tells the new one.
    """
    if view.is_settled(row.phase_at):
        return True
    is_restart = row.ready_at is not None
    return instance is not None and (not is_restart or instance.handle != row.handle)


def _running(view: View, row: Workspace, instance: Instance | None) -> Action | None:
    if instance is None:
        return Fail(row, _LOST) if view.is_settled(row.phase_at) else None
    if instance.state is InstanceState.ENDED:
        return Fail(row, _crashed(instance))
    if row.is_warm and row.id in view.silent:
        return Fail(row, _SILENT)
    return None


def _crashed(instance: Instance) -> Reason:
    return Reason(instance.code or ReasonCode.CRASHED, instance.sentence or "Its app ended by itself.")


def _paced(asks: list[Ask], view: View, now: datetime) -> list[Ask]:
    """Asking again after a failure is a try like a start."""
    if not may_try(view, now):
        return []
    oldest_first = sorted(asks, key=lambda ask: (ask.workspace.created_at, ask.workspace.id))
    return oldest_first[:1] if is_one_at_a_time(view) else oldest_first


def _bereft(view: View) -> Iterator[Release]:
    """Held claims whose workspace is gone without them: whoever was to end both died half way."""
    present = {workspace.id for workspace in view.workspaces}
    for claim in view.claims:
        is_held = claim.state is ClaimState.HELD and claim.held_at is not None
        if (
            is_held
            and claim.workspace_id not in present
            and view.is_settled(claim.held_at or claim.created_at)
        ):
            yield Release(claim, Reason(ReasonCode.LOST, "Its workspace is gone."))
