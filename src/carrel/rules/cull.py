"""What the verdict on every held workspace becomes: nothing, a warning, or the end of the claim. Decides nothing besides."""

from datetime import datetime

from carrel.domain.claim import ClaimState
from carrel.domain.pool import Pool
from carrel.domain.reason import Reason, ReasonCode
from carrel.domain.workspace import Workspace
from carrel.rules.actions import Release, Warn
from carrel.rules.expire import announced_at
from carrel.rules.verdict import Stop, is_warned, verdict
from carrel.rules.verdict import Warn as Warning_
from carrel.rules.view import View
from carrel.rules.wording import stopped


def cull(view: View, policy: Pool, now: datetime) -> list[Release | Warn]:
    claims = {claim.workspace_id: claim for claim in view.claims if claim.state is ClaimState.HELD}
    culled: list[Release | Warn] = []
    for workspace in view.held:
        claim = claims.get(workspace.id)
        if claim is None or _is_announced(workspace, policy, now):
            continue
        match verdict(workspace, policy, now, view.zone):
            case Stop(because):
                culled.append(
                    Release(claim, Reason(ReasonCode.IDLE, stopped(because, now, view.zone)), workspace)
                )
            case Warning_(stops_at, because) if not is_warned(workspace):
                culled.append(Warn(workspace, stops_at, because))
            case _:
                pass
    return culled


def _is_announced(workspace: Workspace, policy: Pool, now: datetime) -> bool:
    """Its person was told the minute in which its time is over: it is not stopped for idleness shortly before."""
    announced = announced_at(workspace, policy, now)
    return announced is not None and now >= announced
