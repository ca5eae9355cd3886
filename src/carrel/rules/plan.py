"""The planner: from everything seen to everything to be done, in one pure step. Knows no clock and touches nothing."""

from datetime import datetime

from carrel.domain.pool import Pool
from carrel.rules.actions import Action, subject
from carrel.rules.assign import assign, attach
from carrel.rules.collect import collect
from carrel.rules.cull import cull
from carrel.rules.expire import expire
from carrel.rules.repair import repair
from carrel.rules.resize import resize
from carrel.rules.retire import retire
from carrel.rules.view import View


def plan(view: View, policy: Pool, now: datetime) -> list[Action]:
    """Each rule sees what the rules before it left. People come first; whose time is up is not served before it is told.

    The actions are independent of one another, except that `Start` and `Assign` must have been written before the next look.
    """
    repaired = repair(view, policy, now)
    left = view.after(repaired)
    expired = expire(left, policy, now)
    left = left.after(expired)
    culled = cull(left, policy, now)
    left = left.after(culled)
    retired = retire(left, policy, now)
    left = left.after(retired)
    planned: list[Action] = [
        *expired,
        *culled,
        *assign(left, policy),
        *attach(left),
        *repaired,
        *resize(left, policy, now),
        *retired,
        *collect(view, policy),
    ]
    return [action for action in planned if subject(action) not in view.in_flight]
