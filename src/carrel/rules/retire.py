"""Which unclaimed workspaces are too old to be handed out: outdated (an older template version) or stale (warm too long).

Claims go on succeeding meanwhile: while the limit leaves room, a replacement is ready before an old one goes; where there is
none, old ones go one by one, each only when all the others are ready, nobody waits and starts succeed.
"""

from datetime import datetime

from carrel.domain.pool import Pool
from carrel.domain.reason import Reason, ReasonCode
from carrel.domain.workspace import Phase, Workspace
from carrel.rules.actions import Destroy
from carrel.rules.outdated import current, is_outdated
from carrel.rules.view import View
from carrel.rules.wording import humanly

_OUTDATED = Reason(ReasonCode.OUTDATED, "The template has a newer version, and nobody held this one.")


def retire(view: View, policy: Pool, now: datetime) -> list[Destroy]:
    """In a paused pool nothing: what went would not come back."""
    if policy.paused:
        return []
    return [*_retire_coming(view), *_retire_warm(view, policy, now)]


def overdue(view: View, policy: Pool, now: datetime) -> list[tuple[Workspace, Reason]]:
    """The warm ones that are to be replaced, outdated before stale, oldest first."""
    outdated = [row for row in view.warm if is_outdated(row, current(view.template))]
    stale = [
        row
        for row in view.warm
        if _is_stale(row, policy, now) and not is_outdated(row, current(view.template))
    ]
    return [
        *((row, _OUTDATED) for row in _oldest_first(outdated)),
        *((row, _stale(policy)) for row in _oldest_first(stale)),
    ]


def _retire_coming(view: View) -> list[Destroy]:
    """At once, ready numbers do not suffer. But somebody who waits takes the old version, unless that one fails to start."""
    if view.waiting and not view.recent_failures:
        return []
    coming = [*view.coming, *(row for row in view.reserved if row.phase is not Phase.READY)]
    return [Destroy(row, _OUTDATED) for row in coming if is_outdated(row, current(view.template))]


def _retire_warm(view: View, policy: Pool, now: datetime) -> list[Destroy]:
    ready = [row for row in view.warm if row.id not in view.in_flight]
    due = [(row, reason) for row, reason in overdue(view, policy, now) if row.id not in view.in_flight]
    if not due or view.waiting:
        return []
    has_replacement = len(ready) > policy.warm
    fills_the_limit = len(ready) >= policy.limit - len(view.held)
    may_go = has_replacement or (fills_the_limit and not view.recent_failures)
    return [Destroy(*due[0])] if may_go else []


def _is_stale(workspace: Workspace, policy: Pool, now: datetime) -> bool:
    since = workspace.ready_at or workspace.phase_at
    return policy.retire_warm_after is not None and now - since > policy.retire_warm_after


def _stale(policy: Pool) -> Reason:
    longest = f" {humanly(policy.retire_warm_after)}" if policy.retire_warm_after else ""
    return Reason(ReasonCode.STALE, f"Nobody took it for{longest}, so a fresh one took its place.")


def _oldest_first(rows: list[Workspace]) -> list[Workspace]:
    return sorted(rows, key=lambda row: (row.created_at, row.id))
