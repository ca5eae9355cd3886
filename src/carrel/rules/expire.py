"""Which claims end because time is up: given back, held too long, held and never entered, waiting and watched by nobody.

Who is held too long is warned before. Whether a workspace is used is not its question: see verdict.
"""

from datetime import datetime, timedelta
from typing import Final

from carrel.domain.claim import Claim, ClaimState
from carrel.domain.pool import Pool
from carrel.domain.reason import Reason, ReasonCode
from carrel.domain.workspace import Workspace
from carrel.rules.actions import Release, Warn
from carrel.rules.quiet import next_quiet
from carrel.rules.verdict import warning
from carrel.rules.view import View, is_ending
from carrel.rules.wording import GIVEN_BACK, humanly

UNDO_FOR: Final = timedelta(seconds=10)
"""How long what its holder gave back goes on, so that they can undo it."""


def expire(view: View, policy: Pool, now: datetime) -> list[Release | Warn]:
    rows = {workspace.id: workspace for workspace in view.workspaces}
    planned: list[Release | Warn] = []
    for claim in view.claims:
        workspace = rows.get(claim.workspace_id) if claim.workspace_id else None
        reason = _verdict(claim, workspace, policy, now)
        if reason is not None:
            planned.append(Release(claim, reason, workspace))
        elif workspace is not None and _is_to_be_told(workspace, policy, now):
            planned.append(_told(workspace, policy, now))
    return planned


def promised_until(workspace: Workspace, policy: Pool) -> datetime | None:
    """How long it may run: what its person was promised, else the pool's max_age. None where nothing ends it."""
    if workspace.assigned_at is None:
        return None
    if workspace.stops_at is not None or policy.max_age is None:
        return workspace.stops_at
    return workspace.assigned_at + policy.max_age


def ends_at(workspace: Workspace, policy: Pool, now: datetime) -> datetime | None:
    """When a held workspace will be stopped however much it is used: in the quiet hours that follow what was promised."""
    promised = promised_until(workspace, policy)
    if promised is None or policy.quiet_hours is None:
        return promised
    return next_quiet(max(promised, now), policy.quiet_hours)


def is_put_off(promised: datetime, policy: Pool) -> bool:
    """Quiet hours let it run longer than was promised."""
    return next_quiet(promised, policy.quiet_hours) != promised


def to_be_entered_by(workspace: Workspace, policy: Pool) -> datetime | None:
    """Else it is stopped. None once somebody went in. How long it took to bring the files in and make them ready is nobody's fault."""
    since = workspace.attached_at or workspace.assigned_at
    return None if since is None or workspace.entered_at is not None else since + policy.enter_within


def announced_at(workspace: Workspace, policy: Pool, now: datetime) -> datetime | None:
    """From when on its person is told of that end. Nothing milder ends it from then on, so that what they are told is true."""
    end = ends_at(workspace, policy, now)
    if end is None or workspace.assigned_at is None or workspace.attached_at is None:
        return None
    return end - warning(end - workspace.assigned_at)


def _is_to_be_told(workspace: Workspace, policy: Pool, now: datetime) -> bool:
    """Again when use made the warning void; whoever applies it tells nobody the same thing twice."""
    begins = announced_at(workspace, policy, now)
    if begins is None or now < begins or is_ending(workspace):
        return False
    return workspace.warned_at is None or workspace.warned_at < begins


def _told(workspace: Workspace, policy: Pool, now: datetime) -> Warn:
    end, promised = ends_at(workspace, policy, now), promised_until(workspace, policy)
    assert end is not None
    assert promised is not None
    assert workspace.assigned_at is not None
    because = f"it was to run for {_allowed(promised - workspace.assigned_at, policy)}"
    return Warn(workspace, end, because, is_certain=True)


def _verdict(claim: Claim, workspace: Workspace | None, policy: Pool, now: datetime) -> Reason | None:
    if claim.state is ClaimState.WAITING:
        return _given_back(claim, now) or _unwatched(claim, policy, now)
    if workspace is None:
        return None
    return _given_back(claim, now) or _expired(workspace, policy, now) or _unentered(workspace, policy, now)


def _given_back(claim: Claim, now: datetime) -> Reason | None:
    return None if claim.release_at is None or now < claim.release_at else GIVEN_BACK


def _unwatched(claim: Claim, policy: Pool, now: datetime) -> Reason | None:
    if now - claim.watched_at <= policy.watch_within:
        return None
    sentence = f"Nobody asked after it for {humanly(policy.watch_within)}, so it left the queue."
    return Reason(ReasonCode.UNWATCHED, sentence)


def _expired(workspace: Workspace, policy: Pool, now: datetime) -> Reason | None:
    until, promised = ends_at(workspace, policy, now), promised_until(workspace, policy)
    if until is None or promised is None or workspace.assigned_at is None or now < until:
        return None
    allowed = _allowed(promised - workspace.assigned_at, policy)
    if not is_put_off(promised, policy):
        return Reason(ReasonCode.EXPIRED, f"It ran for {allowed}.")
    return Reason(
        ReasonCode.EXPIRED,
        f"It was to run for {allowed}, and went on until the quiet hours ({policy.quiet_hours}).",
    )


def _allowed(allowed: timedelta, policy: Pool) -> str:
    end = "the most this pool allows" if allowed == policy.max_age else "the time it was extended to"
    return f"{humanly(allowed)}, {end}"


def _unentered(workspace: Workspace, policy: Pool, now: datetime) -> Reason | None:
    by = to_be_entered_by(workspace, policy)
    if by is None or now <= by:
        return None
    return Reason(
        ReasonCode.UNENTERED, f"Nobody entered it within {humanly(policy.enter_within)}, so it was stopped."
    )
