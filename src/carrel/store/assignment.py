"""Who gets which warm workspace: the oldest waiting claim, the one that has been ready longest, in one guarded statement.

One transaction at a time does this for one pool (its row is the lock): stepping around the claims that others hold served a younger
one first now and then, and a workspace made ready meanwhile could miss a claim made meanwhile.
"""

from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from carrel.domain.claim import Claim, ClaimState
from carrel.domain.ids import ClaimId, PoolName, WorkspaceId
from carrel.domain.workspace import Desired
from carrel.store import events, schema
from carrel.store.claim_rows import QUEUE, WAITING, claim_from

_c = schema.claims
_w = schema.workspaces

_p = schema.pools

_HOLD_POOL = sa.select(_p.c.name).where(_p.c.name == sa.bindparam("in_pool")).with_for_update(key_share=True)
"""`key_share`: others may go on inserting rows that name the pool."""

_OLDEST = (
    sa.select(_c, sa.null().label("workspace_id"))
    .where(_c.c.pool == sa.bindparam("pool"), WAITING)
    .order_by(*QUEUE)
    .limit(1)
    .with_for_update()
)
_warm = _w.alias("warm")
_longest_ready = (
    sa.select(_warm.c.id)
    .where(
        _warm.c.pool == sa.bindparam("in_pool"),
        sa.text("warm.phase = 'ready' AND warm.desired = 'running' AND warm.claim_id IS NULL"),
        sa.or_(_warm.c.home_id.is_(None), _warm.c.home_id == sa.bindparam("home", type_=sa.Text())),
    )
    .order_by(_warm.c.ready_at, _warm.c.id)
    .limit(1)
    .with_for_update(skip_locked=True)
    .scalar_subquery()
)
"""For anybody, or with the files of this claim in it from its start: what has somebody's files is given to nobody else."""
_ready = _w.alias("ready")
_OLDEST_WITH_OWN = (
    sa.select(_c, sa.null().label("workspace_id"))
    .join_from(_ready, _c, _c.c.home_id == _ready.c.home_id)
    .where(
        _ready.c.pool == sa.bindparam("pool"),
        sa.text("ready.phase = 'ready' AND ready.desired = 'running' AND ready.claim_id IS NULL"),
        _c.c.pool == _ready.c.pool,
        sa.text("claims.state <> 'released' AND claims.home_id IS NOT NULL"),
        WAITING,
    )
    .order_by(*QUEUE)
    .limit(1)
    .with_for_update(of=_c)
)
_GIVE = (
    sa.update(_w)
    .where(_w.c.id == _longest_ready, _w.c.claim_id.is_(None))
    .values(
        claim_id=sa.bindparam("claim"),
        owner=sa.bindparam("user"),
        assigned_at=sa.bindparam("now"),
        version=_w.c.version + 1,
    )
    .returning(_w.c.id)
)
_HOLD = (
    sa.update(_c)
    .where(_c.c.id == sa.bindparam("claim"))
    .values(state=ClaimState.HELD.value, held_at=sa.bindparam("now"), version=_c.c.version + 1)
)
_WAIT_AGAIN = (
    sa.update(_c)
    .where(_c.c.id == sa.bindparam("claim"), _c.c.state == ClaimState.HELD.value)
    .values(
        state=ClaimState.WAITING.value,
        held_at=sa.null(),
        watched_at=sa.bindparam("now"),
        version=_c.c.version + 1,
    )
    .returning(_c, sa.null().label("workspace_id"))
)
_TAKE_BACK = (
    sa.update(_w)
    .where(_w.c.claim_id == sa.bindparam("claim"))
    .values(
        claim_id=sa.null(),
        owner=sa.null(),
        home_id=sa.null(),
        assigned_at=sa.null(),
        attached_at=sa.null(),
        entered_at=sa.null(),
        desired=Desired.GONE.value,
        version=_w.c.version + 1,
    )
)


def assign(conn: Connection, pool: PoolName, now: datetime) -> list[Claim]:
    """Goes on while there are a waiting claim and a workspace for it; returns the claims that are held now and were not before."""
    conn.execute(_HOLD_POOL, {"in_pool": pool})
    served: list[Claim] = []
    while (given := _given(conn, pool, now)) is not None:
        claim, workspace_id = given
        conn.execute(_HOLD, {"claim": claim.id, "now": now})
        served.append(
            replace(
                claim,
                state=ClaimState.HELD,
                held_at=now,
                workspace_id=workspace_id,
                version=claim.version + 1,
            )
        )
        sentence = "A running workspace was assigned."
        events.append(conn, now, "assigned", sentence, workspace_id=workspace_id, claim_id=claim.id)
    return served


def _given(conn: Connection, pool: PoolName, now: datetime) -> tuple[Claim, WorkspaceId] | None:
    """The oldest of those who wait; where there is none for them, the oldest of those for whom one was started."""
    for oldest in (_OLDEST, _OLDEST_WITH_OWN):
        row = conn.execute(oldest, {"pool": pool}).one_or_none()
        if row is None:
            return None
        claim = claim_from(row)
        workspace_id = _give(conn, claim, pool, now)
        if workspace_id is not None:
            return claim, workspace_id
    return None


def _give(conn: Connection, claim: Claim, pool: PoolName, now: datetime) -> WorkspaceId | None:
    given = {"in_pool": pool, "claim": claim.id, "user": claim.user_id, "home": claim.home_id, "now": now}
    found: WorkspaceId | None = conn.execute(_GIVE, given).scalar_one_or_none()
    return found


def unassign(conn: Connection, claim_id: ClaimId, now: datetime) -> Claim | None:
    """Back to waiting, at its old place in the queue; counts as watched now. None if it was not held.

    The workspace loses its claim and is wanted gone in the same transaction, so that it is never given to somebody else.
    """
    row = conn.execute(_WAIT_AGAIN, {"claim": claim_id, "now": now}).one_or_none()
    if row is None:
        return None
    conn.execute(_TAKE_BACK, {"claim": claim_id})
    events.append(conn, now, "waiting", "Back in the queue, at the old place.", claim_id=claim_id)
    return claim_from(row)
