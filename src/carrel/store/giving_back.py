"""Giving back with a way back: a held claim is marked to be released in a moment, and the mark can be taken off. Releases nothing itself."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from carrel.domain.claim import ClaimState
from carrel.domain.ids import ClaimId, PoolName, UserId, WorkspaceId
from carrel.store import events, schema

_c = schema.claims
_w = schema.workspaces
_at = sa.bindparam("at", type_=_c.c.release_at.type)

_MARK = (
    sa.update(_c)
    .where(_c.c.id == sa.bindparam("claim"), _c.c.state == ClaimState.HELD.value)
    .where(sa.or_(_c.c.release_at.is_(None), _c.c.release_at > _at))
    .values(release_at=_at, version=_c.c.version + 1)
    .returning(_c.c.id)
)
_UNMARK = (
    sa.update(_c)
    .where(_c.c.id == sa.bindparam("claim"), _c.c.state != ClaimState.RELEASED.value)
    .where(_c.c.release_at.is_not(None))
    .values(release_at=sa.null(), version=_c.c.version + 1)
    .returning(_c.c.id)
)
_OF_CLAIM = sa.select(_w.c.id).where(_w.c.claim_id == sa.bindparam("claim"))
_MARKED = (
    sa.select(_c.c.id)
    .where(_c.c.user_id == sa.bindparam("user"), _c.c.pool == sa.bindparam("in_pool"))
    .where(sa.text("claims.state <> 'released'"), _c.c.release_at.is_not(None))
    .order_by(_c.c.release_at, _c.c.id)
)


def give_back(conn: Connection, claim_id: ClaimId, release_at: datetime, now: datetime) -> bool:
    """True if it is held, and was not to go as soon as that already."""
    if conn.execute(_MARK, {"claim": claim_id, "at": release_at}).one_or_none() is None:
        return False
    sentence = "It was given back. It stops in a moment, unless that is undone."
    events.add(conn, now, "given_back", sentence, workspace_id=_held(conn, claim_id), claim_id=claim_id)
    return True


def keep(conn: Connection, claim_id: ClaimId, now: datetime) -> bool:
    """True if it was given back and goes on now; False if it never was, or is released already."""
    if conn.execute(_UNMARK, {"claim": claim_id}).one_or_none() is None:
        return False
    sentence = "It goes on: giving it back was undone."
    events.add(conn, now, "kept", sentence, workspace_id=_held(conn, claim_id), claim_id=claim_id)
    return True


def given_back(conn: Connection, user_id: UserId, pool: PoolName) -> list[ClaimId]:
    """What this person still holds there and gave back, the first to go first."""
    return list(conn.execute(_MARKED, {"user": user_id, "in_pool": pool}).scalars())


def _held(conn: Connection, claim_id: ClaimId) -> WorkspaceId | None:
    found: WorkspaceId | None = conn.execute(_OF_CLAIM, {"claim": claim_id}).scalar_one_or_none()
    return found
