"""How many workspaces to start, or which unclaimed ones are too many. People come before refill; a claimed one is never too many."""

from dataclasses import replace
from datetime import datetime

from carrel.domain.pool import Pool
from carrel.domain.reason import Reason, ReasonCode
from carrel.domain.workspace import Phase, Workspace
from carrel.rules.actions import Destroy, Start
from carrel.rules.pace import is_one_at_a_time, may_try
from carrel.rules.reserve import to_start_for, unreserve, waiting_for_any
from carrel.rules.retire import overdue
from carrel.rules.view import View

_SURPLUS = Reason(ReasonCode.SURPLUS, "The pool wants fewer ready workspaces, and nobody held this one.")


def resize(view: View, policy: Pool, now: datetime) -> list[Start | Destroy]:
    wanted = wanted_free(view, policy, now)
    return [
        *_starts(view, policy, now, wanted),
        *_surplus(view, policy, now, wanted),
        *unreserve(view, policy),
    ]


def wanted_free(view: View, policy: Pool, now: datetime) -> int:
    """How many unclaimed workspaces there should be: one for each person who waits, the warm ones, and one more while one
    of these is to be replaced. Never more than the limit leaves beside the held ones. None where each is started for its claim.
    """
    if view.is_started_for_claims:
        return 0
    replacing = bool(policy.warm and overdue(view, policy, now))
    people_and_warm = len(waiting_for_any(view)) + policy.warm + int(replacing)
    return max(0, min(people_and_warm, policy.limit - len(view.held) - len(view.reserved)))


def _starts(view: View, policy: Pool, now: datetime, wanted: int) -> list[Start]:
    if policy.paused or view.template is None or not may_try(view, now):
        return []
    apart = to_start_for(view)
    count = (
        len(apart) if view.is_started_for_claims else _for_people(view) + _for_refill(view, policy, wanted)
    )
    count = min(count, max(0, policy.limit - len(view.workspaces)))
    if is_one_at_a_time(view):
        count = min(count, 0 if _is_trying(view) else 1)
    plain = Start(policy.name, view.template.name, view.template.version)
    return (
        [replace(plain, claim=claim) for claim in apart[:count]]
        if view.is_started_for_claims
        else [plain] * count
    )


def _is_trying(view: View) -> bool:
    return bool(view.coming) or any(row.phase is not Phase.READY for row in view.reserved)


def _for_people(view: View) -> int:
    return max(0, len(waiting_for_any(view)) - len(view.warm) - len(view.coming))


def _for_refill(view: View, policy: Pool, wanted: int) -> int:
    missing = wanted - len(view.warm) - len(view.coming) - _for_people(view)
    spoken_for = max(0, len(waiting_for_any(view)) - len(view.warm))
    under_way = max(0, len(view.coming) - spoken_for)
    return max(0, min(missing, policy.starting_at_once - under_way))


def _surplus(view: View, policy: Pool, now: datetime, wanted: int) -> list[Destroy]:
    """Those being worked on are not counted: one that is on its way out must not take another one with it."""
    free = [row for row in (*view.warm, *view.coming) if row.id not in view.in_flight]
    replaceable = {row.id for row, _ in overdue(view, policy, now)}
    too_many = max(0, len(free) - wanted)
    chosen = sorted(free, key=lambda row: _keep_order(row, is_overdue=row.id in replaceable))[:too_many]
    return [Destroy(row, _SURPLUS) for row in chosen]


def _keep_order(workspace: Workspace, *, is_overdue: bool) -> tuple[int, float, str]:
    """What is furthest from ready goes first, the newest of it; of the ready ones the overdue, then the oldest."""
    created = workspace.created_at.timestamp()
    if workspace.phase is Phase.READY:
        return (2 if is_overdue else 3, created, workspace.id)
    return (0 if workspace.phase is Phase.PENDING else 1, -created, workspace.id)
