"""Who gets what: the warm to those who wait, and their files to those who hold. Starts and ends nothing."""

from datetime import timedelta
from typing import Final

from carrel.domain.claim import Claim, ClaimState
from carrel.domain.pool import Pool
from carrel.domain.workspace import Desired, Phase, Workspace
from carrel.rules.actions import Assign, Attach
from carrel.rules.reserve import ready_for_theirs
from carrel.rules.view import View

BEING_HANDED_OVER: Final = timedelta(seconds=1)
"""Whoever assigned it hands it over at once; what is not handed over after this was left behind."""


def assign(view: View, policy: Pool) -> list[Assign]:
    """Also in a paused pool: pausing starts nothing, it hides nothing that runs."""
    at_hand = [*view.warm, *ready_for_theirs(view)] if view.waiting else []
    return [Assign(policy.name)] if any(row.id not in view.in_flight for row in at_hand) else []


def attach(view: View) -> list[Attach]:
    """Held but not handed over: whoever was to do it died half way, its backend was away, or the files were elsewhere and are out now."""
    holders = {claim.id: claim for claim in view.claims if claim.state is ClaimState.HELD}
    return [
        Attach(workspace, holders[workspace.claim_id])
        for workspace in view.workspaces
        if workspace.claim_id in holders and _awaits_home(view, workspace, holders[workspace.claim_id])
    ]


def _awaits_home(view: View, workspace: Workspace, claim: Claim) -> bool:
    """A clock that was set back must not keep somebody out, hence the absolute distance."""
    if claim.id in view.homes_elsewhere:
        return False
    since = workspace.assigned_at
    if since is not None and abs(view.listed_at - since) <= BEING_HANDED_OVER:
        return False
    is_usable = workspace.phase is Phase.READY and workspace.desired is Desired.RUNNING
    return is_usable and workspace.attached_at is None and claim.workspace_id == workspace.id
