"""What the verdict on every held workspace becomes: nothing, a warning, or the end of the claim. Decides nothing besides."""

from datetime import datetime

from carrel.domain.claim import ClaimState
from carrel.domain.pool import Pool
from carrel.domain.reason import Reason, ReasonCode
from carrel.rules.actions import Release, Warn
from carrel.rules.verdict import Stop, is_warned, verdict
from carrel.rules.verdict import Warn as Warning_
from carrel.rules.view import View
from carrel.rules.wording import sentence


def cull(view: View, policy: Pool, now: datetime) -> list[Release | Warn]:
    claims = {claim.workspace_id: claim for claim in view.claims if claim.state is ClaimState.HELD}
    culled: list[Release | Warn] = []
    for workspace in view.held:
        claim = claims.get(workspace.id)
        if claim is None:
            continue
        match verdict(workspace, policy, now, view.zone):
            case Stop(because):
                culled.append(Release(claim, Reason(ReasonCode.IDLE, sentence(because)), workspace))
            case Warning_(stops_at, because) if not is_warned(workspace):
                culled.append(Warn(workspace, stops_at, because))
            case _:
                pass
    return culled
