"""Which claims end because time is up: given back, held too long, held and never entered, waiting and watched by nobody."""

from datetime import datetime, timedelta
from typing import Final

from carrel.domain.claim import Claim, ClaimState
from carrel.domain.pool import Pool
from carrel.domain.reason import Reason, ReasonCode
from carrel.domain.workspace import Workspace
from carrel.rules.actions import Release
from carrel.rules.view import View
from carrel.rules.wording import GIVEN_BACK, humanly

UNDO_FOR: Final = timedelta(seconds=10)
"""How long what its holder gave back goes on, so that they can undo it."""


def expire(view: View, policy: Pool, now: datetime) -> list[Release]:
    rows = {workspace.id: workspace for workspace in view.workspaces}
    releases = []
    for claim in view.claims:
        workspace = rows.get(claim.workspace_id) if claim.workspace_id else None
        reason = _verdict(claim, workspace, policy, now)
        if reason is not None:
            releases.append(Release(claim, reason, workspace))
    return releases


def ends_at(workspace: Workspace, policy: Pool) -> datetime | None:
    """When a held workspace will be stopped however much it is used: what its person was promised, else the pool's max_age."""
    if workspace.assigned_at is None:
        return None
    if workspace.stops_at is not None or policy.max_age is None:
        return workspace.stops_at
    return workspace.assigned_at + policy.max_age


def _verdict(claim: Claim, workspace: Workspace | None, policy: Pool, now: datetime) -> Reason | None:
    if claim.state is ClaimState.WAITING:
        return _given_back(claim, now) or _unwatched(claim, policy, now)
    if workspace is None:
        return None
    return (
        _given_back(claim, now)
        or _expired(workspace, policy, now)
        or _unentered(claim, workspace, policy, now)
    )


def _given_back(claim: Claim, now: datetime) -> Reason | None:
    return None if claim.release_at is None or now < claim.release_at else GIVEN_BACK


def _unwatched(claim: Claim, policy: Pool, now: datetime) -> Reason | None:
    if now - claim.watched_at <= policy.watch_within:
        return None
    sentence = f"Nobody asked after it for {humanly(policy.watch_within)}, so it left the queue."
    return Reason(ReasonCode.UNWATCHED, sentence)


def _expired(workspace: Workspace, policy: Pool, now: datetime) -> Reason | None:
    until = ends_at(workspace, policy)
    if until is None or workspace.assigned_at is None or now < until:
        return None
    allowed = until - workspace.assigned_at
    end = "the most this pool allows" if allowed == policy.max_age else "the time it was extended to"
    return Reason(ReasonCode.EXPIRED, f"It ran for {humanly(allowed)}, {end}.")


def _unentered(claim: Claim, workspace: Workspace, policy: Pool, now: datetime) -> Reason | None:
    if (
        workspace.entered_at is not None
        or claim.held_at is None
        or now - claim.held_at <= policy.enter_within
    ):
        return None
    return Reason(
        ReasonCode.UNENTERED, f"Nobody entered it within {humanly(policy.enter_within)}, so it was stopped."
    )
