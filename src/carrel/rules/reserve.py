"""Workspaces that are started with somebody's files: for whom one is to be started, and which of them are of use to nobody.

Where a driver brings files into what runs already, there are none of these.
"""

from collections.abc import Iterable

from carrel.domain.claim import Claim
from carrel.domain.pool import Pool
from carrel.domain.reason import Reason, ReasonCode
from carrel.domain.workspace import Phase, Workspace
from carrel.rules.actions import Destroy
from carrel.rules.view import View

_LEFT = Reason(ReasonCode.SURPLUS, "Whoever it was started for does not wait for it any more.")
_NO_ROOM = Reason(ReasonCode.SURPLUS, "The pool may have fewer workspaces now, and nobody held this one.")


def waiting_for_any(view: View) -> list[Claim]:
    """Those who wait and have none on its way for them alone."""
    if not view.reserved:
        return view.waiting
    apart = {row.home_id for row in view.reserved}
    return [claim for claim in view.waiting if claim.home_id is None or claim.home_id not in apart]


def to_start_for(view: View) -> list[Claim]:
    """Whoever waits longest first. Nobody whose files are elsewhere still, or whose start was refused a moment ago."""
    if not view.is_started_for_claims:
        return []
    able = [
        claim
        for claim in waiting_for_any(view)
        if claim.id not in view.homes_elsewhere and claim.id not in view.in_flight
    ]
    return sorted(able, key=lambda claim: (claim.created_at, claim.id))


def ready_for_theirs(view: View) -> list[Workspace]:
    """Those that can be given to their claim now."""
    wanted = {claim.home_id for claim in view.waiting}
    return [row for row in view.reserved if row.phase is Phase.READY and row.home_id in wanted]


def paired(waiting: Iterable[Claim], at_hand: Iterable[Workspace]) -> list[tuple[Claim, Workspace]]:
    """Who gets which: the first that is for anybody, or one's own. Both in the order in which they are served."""
    left, pairs = list(at_hand), []
    for claim in waiting:
        found = next((row for row in left if row.home_id is None or row.home_id == claim.home_id), None)
        if found is not None:
            left.remove(found)
            pairs.append((claim, found))
    return pairs


def unreserve(view: View, policy: Pool) -> list[Destroy]:
    """Nobody waits for its files any more; or the limit was lowered, and then whoever came last is served last."""
    places = {claim.home_id: (claim.created_at, claim.id) for claim in view.waiting}
    rows = [row for row in view.reserved if row.id not in view.in_flight]
    left = [row for row in rows if row.home_id not in places]
    awaited = [row for row in rows if row.home_id in places]
    awaited.sort(key=lambda row: (*places[row.home_id], row.id))
    room = max(0, policy.limit - len(view.held))
    return [*(Destroy(row, _LEFT) for row in left), *(Destroy(row, _NO_ROOM) for row in awaited[room:])]
