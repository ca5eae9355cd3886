"""What the planner would do from here on if the world did as it is told: the real `plan`, followed through on views made of its own plans.

Starts succeed, apps answer, what is ended is gone, and no time passes: it tells what a policy leads to, never how long that takes.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from carrel.domain.claim import Claim, ClaimState
from carrel.domain.ids import BackendName, ClaimId, HomeId, WorkspaceId
from carrel.domain.instance import Instance, InstanceState
from carrel.domain.pool import Pool
from carrel.domain.reason import Reason
from carrel.domain.workspace import Desired, Phase, Workspace
from carrel.rules.actions import Action, Assign, Attach, Destroy, Fail, Move, Release, Remove, Start
from carrel.rules.plan import plan
from carrel.rules.reserve import paired
from carrel.rules.view import View

MOST_ROWS_READ: Final = 200_000
"""Rows times passes, so that a large pool costs no more than a small one. Replacing one overdue workspace takes three passes."""
BATCHES: Final = 40
"""In so many even the largest pool is filled: how fast changes nothing about what it comes to, and each takes two passes."""

Ends = tuple[tuple[Reason, int], ...]
"""How many end for which reason, the most frequent first."""


@dataclass(frozen=True, slots=True)
class Foreseen:
    starts: int
    starts_at_once: int
    """Those of the first pass: refill is paced, people who wait are not."""
    retires: Ends
    """Unclaimed workspaces that could still have been of use."""
    releases: Ends
    """Claims: their people lose a workspace, or their place in the queue."""
    assigned: int
    """How many who wait are served."""
    still_waiting: int
    is_whole: bool
    """False when there was more to do after as many passes as are looked ahead: the numbers are then the least."""


@dataclass(slots=True)
class _Tally:
    starts: int = 0
    assigned: int = 0
    retires: Counter[Reason] = field(default_factory=Counter)
    releases: Counter[Reason] = field(default_factory=Counter)


def foresee(view: View, policy: Pool, now: datetime) -> Foreseen:
    tally = _Tally()
    actions = plan(view, policy, now)
    starts_at_once = sum(isinstance(action, Start) for action in actions)
    faster = replace(policy, starting_at_once=max(policy.starting_at_once, policy.limit // BATCHES))
    passes = MOST_ROWS_READ // max(100, len(view.workspaces), policy.limit)
    while (actions or _are_coming(view)) and passes:
        view = _after(view, actions, tally, now)
        actions = plan(view, faster, now)
        passes -= 1
    return Foreseen(
        starts=tally.starts,
        starts_at_once=starts_at_once,
        retires=tuple(tally.retires.most_common()),
        releases=tuple(tally.releases.most_common()),
        assigned=tally.assigned,
        still_waiting=len(view.waiting),
        is_whole=not actions and not _are_coming(view),
    )


def _are_coming(view: View) -> bool:
    return bool(view.coming) or any(row.phase is not Phase.READY for row in view.reserved)


def _after(view: View, actions: Iterable[Action], tally: _Tally, now: datetime) -> View:
    """The next view. People are served before anything is retired, as in the loop, and what was given away is then left alone."""
    rows = {row.id: row for row in view.workspaces}
    claims = {claim.id: claim for claim in view.claims}
    for action in sorted(actions, key=lambda action: not isinstance(action, Release | Fail)):
        match action:
            case Release():
                _release(action, rows, claims, tally)
            case Assign():
                _assign(rows, claims, tally, now)
            case Start():
                _start(action, rows, claims, tally, now)
            case _:
                _change(action, rows, tally, now)
    seen = {row.id for row in view.workspaces}
    left = tuple(_ripe(row, now) if row.id in seen else row for row in rows.values())
    return replace(
        view,
        workspaces=left,
        instances=tuple(
            Instance(row.id, row.pool, InstanceState.RUNNING, row.endpoint, row.handle) for row in left
        ),
        claims=tuple(claims.values()),
        silent=frozenset(),
        unknown_before=frozenset(),
        in_flight=frozenset(),
        recent_failures=(),
    )


def _release(
    action: Release, rows: dict[WorkspaceId, Workspace], claims: dict[ClaimId, Claim], tally: _Tally
) -> None:
    tally.releases[action.reason] += 1
    claims.pop(action.claim.id, None)
    if action.claim.workspace_id is not None:
        rows.pop(action.claim.workspace_id, None)


def _assign(
    rows: dict[WorkspaceId, Workspace], claims: dict[ClaimId, Claim], tally: _Tally, now: datetime
) -> None:
    waiting = sorted(
        (claim for claim in claims.values() if claim.state is ClaimState.WAITING),
        key=lambda claim: (claim.created_at, claim.id),
    )
    at_hand = sorted(
        (row for row in rows.values() if row.phase is Phase.READY and (row.is_warm or row.is_reserved)),
        key=lambda row: (row.ready_at or now, row.id),
    )
    for claim, row in paired(waiting, at_hand):
        tally.assigned += 1
        claims[claim.id] = replace(claim, state=ClaimState.HELD, workspace_id=row.id, held_at=now)
        rows[row.id] = replace(
            row,
            claim_id=claim.id,
            owner=claim.user_id,
            assigned_at=now,
            attached_at=now,
            version=row.version + 1,
        )


def _start(
    action: Start,
    rows: dict[WorkspaceId, Workspace],
    claims: dict[ClaimId, Claim],
    tally: _Tally,
    now: datetime,
) -> None:
    tally.starts += 1
    made = WorkspaceId(f"~{tally.starts}")
    home_id = None
    if action.claim is not None:
        home_id = action.claim.home_id or HomeId(made)
        claims[action.claim.id] = replace(claims[action.claim.id], home_id=home_id)
    rows[made] = Workspace(
        id=made,
        pool=action.pool,
        template=action.template,
        template_version=action.template_version,
        backend=BackendName(""),
        phase=Phase.PENDING,
        desired=Desired.RUNNING,
        created_at=now,
        phase_at=now,
        home_id=home_id,
    )


def _change(action: Action, rows: dict[WorkspaceId, Workspace], tally: _Tally, now: datetime) -> None:
    match action:
        case Destroy() | Remove() | Move(phase=Phase.GONE) if _is_fresh(action.workspace, rows):
            if isinstance(action, Destroy) and _was_of_use(action.workspace):
                tally.retires[action.reason] += 1
            del rows[action.workspace.id]
        case Fail() if _is_fresh(action.workspace, rows):
            rows[action.workspace.id] = replace(
                action.workspace,
                phase=Phase.FAILED,
                desired=Desired.GONE,
                reason=action.reason.sentence,
                reason_code=action.reason.code,
            )
        case Attach() if _is_fresh(action.workspace, rows):
            rows[action.workspace.id] = replace(rows[action.workspace.id], attached_at=now)
        case Move() if _is_fresh(action.workspace, rows):
            rows[action.workspace.id] = replace(
                rows[action.workspace.id], version=action.workspace.version + 1
            )


def _is_fresh(seen: Workspace, rows: dict[WorkspaceId, Workspace]) -> bool:
    return seen.id in rows and rows[seen.id].version == seen.version


def _was_of_use(row: Workspace) -> bool:
    return row.is_warm or row.is_coming or row.is_reserved


def _ripe(row: Workspace, now: datetime) -> Workspace:
    """Whatever was coming has come. What was only just started still is, so that one pass sees it coming."""
    if row.phase not in (Phase.PENDING, Phase.STARTING) or row.desired is Desired.GONE:
        return row
    return replace(row, phase=Phase.READY, phase_at=now, ready_at=row.ready_at or now)
