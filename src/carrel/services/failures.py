"""What went wrong, for the person it concerns: the cause, whose problem it is, what was printed last, and whether it is tried again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from carrel.domain.actor import Actor
from carrel.domain.cause import Cause, Whose
from carrel.domain.claim import Claim, ClaimState
from carrel.domain.event import Event
from carrel.domain.ids import ClaimId, PoolName, WorkspaceId
from carrel.domain.reason import ReasonCode
from carrel.domain.workspace import Phase, Workspace
from carrel.rules.access import Action
from carrel.rules.blame import TO_ADMINS
from carrel.rules.causes import Mishap, cause, hindrance, is_failure
from carrel.rules.home_wording import COMING_OUT
from carrel.rules.last_words import unquoted
from carrel.rules.pace import PEOPLE_WAIT_AT_MOST
from carrel.services.context import Context
from carrel.services.visibility import seen_claim, seen_workspace
from carrel.store import events, pools, troubles, workspaces


@dataclass(frozen=True, slots=True)
class Failure:
    cause: Cause
    at: datetime
    detail: str
    """What was recorded at the time, word for word."""
    lines: Sequence[str] = ()
    """What the app printed last."""
    workspace_id: WorkspaceId | None = None
    """Which one failed; where it `is_over`, the person's own."""
    is_over: bool = False
    """A workspace of theirs ended because of it. Else they wait, and it takes longer because of it."""
    is_tried_now: bool = False
    """Another one is on its way at this moment."""
    tried_within: timedelta | None = None
    """How long it takes at most until it is tried again by itself; None where that is not up to Carrel."""

    @property
    def told(self) -> str:
        """In words for admins and scripts."""
        return f"{self.cause.sentence} {self.detail}".rstrip()

    @property
    def comfort(self) -> str:
        """In words for somebody who waits: what it is, whose problem that is, what they can do."""
        return f"{self.cause.sentence} {self.cause.blame} {self.cause.advice}"

    @property
    def task(self) -> str:
        """As `comfort`, for an admin: nobody else is going to do it."""
        return f"{self.cause.sentence} {self.blame_to_admins} {self.cause.remedy}"

    @property
    def blame_to_admins(self) -> str:
        return TO_ADMINS if self.cause.whose is Whose.ADMIN else self.cause.blame


async def of_claim(ctx: Context, actor: Actor, claim_id: ClaimId) -> Failure | None:
    """What ended it, or what delays it while it waits. None where nothing went wrong. Raises NotFound."""
    return await ctx.store.read(_of_claim, actor, claim_id)


async def of_workspace(ctx: Context, actor: Actor, workspace_id: WorkspaceId) -> Failure | None:
    """What ended it; None where nothing went wrong. Raises NotFound."""
    return await ctx.store.read(_of_workspace, actor, workspace_id)


def of_pool(conn: Connection, pool: PoolName) -> Failure | None:
    """Why its newest start or hand-over failed; None as soon as one worked after it."""
    last = troubles.newest(conn, pool)
    if last is None:
        return None
    is_tried_now = Phase.STARTING in troubles.coming(conn, pool)
    row = workspaces.get(conn, last.workspace_id) if last.workspace_id else None
    if last.kind == "failed" and row is not None:
        lines = _printed(conn, row.id)
        mishap = Mishap(row.reason_code, last.sentence, lines, was_in_use=row.ready_at is not None)
    else:
        mishap = Mishap(last.kind, last.sentence)
    return Failure(
        cause(mishap),
        last.at,
        last.sentence,
        mishap.lines,
        workspace_id=last.workspace_id,
        is_tried_now=is_tried_now,
        tried_within=PEOPLE_WAIT_AT_MOST,
    )


def _of_claim(conn: Connection, actor: Actor, claim_id: ClaimId) -> Failure | None:
    return about(conn, seen_claim(conn, actor, Action.SEE, claim_id))


def about(conn: Connection, found: Claim) -> Failure | None:
    """As `of_claim`, for whoever has read the claim already and asked for permission."""
    if found.state is ClaimState.WAITING:
        return _delay(conn, found)
    row = workspaces.get(conn, found.workspace_id) if found.workspace_id else None
    if found.state is ClaimState.RELEASED:
        return _end(conn, row, found.reason_code, found.reason, at=found.released_at or found.created_at)
    if row is None or row.phase in (Phase.FAILED, Phase.STOPPING, Phase.GONE):
        return _of_row(conn, row)
    return _late_files(conn, found, row)


def _of_workspace(conn: Connection, actor: Actor, workspace_id: WorkspaceId) -> Failure | None:
    return _of_row(conn, seen_workspace(conn, actor, Action.SEE, workspace_id))


def _of_row(conn: Connection, row: Workspace | None) -> Failure | None:
    if row is None or row.phase not in (Phase.FAILED, Phase.STOPPING, Phase.GONE):
        return None
    return _end(conn, row, row.reason_code, row.reason, at=row.phase_at)


def _end(
    conn: Connection, row: Workspace | None, code: str | None, sentence: str | None, *, at: datetime
) -> Failure | None:
    was_in_use = row is None or row.ready_at is not None
    if not is_failure(code, was_in_use=was_in_use):
        return None
    lines = _printed(conn, row.id) if row else []
    found = cause(Mishap(code, sentence or "", lines, was_in_use=was_in_use))
    return Failure(found, at, sentence or "", lines, workspace_id=row.id if row else None, is_over=True)


def _delay(conn: Connection, waiting: Claim) -> Failure | None:
    """A pause counts most: while it lasts, nothing else that is wrong can be put right by trying. Where all are taken nothing is tried
    either, so that a backend which is away delays nobody.
    """
    pool = pools.get(conn, waiting.pool)
    trouble = of_pool(conn, waiting.pool)
    if trouble is not None and not (pool and (pool.paused or troubles.is_only_unseen(conn, pool))):
        return trouble
    if pool is None or troubles.coming(conn, waiting.pool):
        return None
    in_the_way = hindrance(pool, pools.live(conn, waiting.pool))
    return Failure(in_the_way, waiting.created_at, "") if in_the_way else None


def _late_files(conn: Connection, held: Claim, row: Workspace) -> Failure | None:
    """It is theirs and runs, but what they saved before cannot be brought in for now."""
    if row.attached_at is not None or held.held_at is None:
        return None
    told = [event for event in events.of_claim(conn, held.id) if _is_late(event, held.held_at)]
    if not told:
        return None
    found = cause(Mishap(ReasonCode.ATTACH_FAILED, told[-1].sentence))
    return Failure(
        found,
        told[-1].at,
        told[-1].sentence,
        workspace_id=row.id,
        is_tried_now=True,
        tried_within=PEOPLE_WAIT_AT_MOST,
    )


def _is_late(event: Event, since: datetime) -> bool:
    """Coming out of the workspace before is the usual way from one to the next, and nobody's fault."""
    return event.kind == "delayed" and event.at >= since and event.sentence != COMING_OUT


def _printed(conn: Connection, workspace_id: WorkspaceId) -> list[str]:
    found = troubles.printed(conn, workspace_id)
    return unquoted(found.sentence) if found else []
