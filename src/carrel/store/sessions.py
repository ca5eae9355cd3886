"""Browser sessions, found by the hash of their secret. One that ended, ran out or belongs to a disabled person is not found."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from carrel.domain.account import Session, User
from carrel.domain.ids import SessionId, UserId
from carrel.store import schema
from carrel.store.users import user_columns, user_from

_s = schema.sessions
_u = schema.users
_now = sa.bindparam("now", type_=_s.c.expires_at.type)

_INSERT = sa.insert(_s)
_live = (
    sa.select(_s.c.id, _s.c.created_at, _s.c.expires_at, *user_columns())
    .join_from(_s, _u, _u.c.id == _s.c.user_id)
    .where(_s.c.ended_at.is_(None), _s.c.expires_at > _now, _u.c.disabled_at.is_(None))
)
_OF_USER = (
    sa.select(_s.c.id)
    .where(_s.c.user_id == sa.bindparam("user"), _s.c.ended_at.is_(None), _s.c.expires_at > _now)
    .order_by(_s.c.id)
)
_FIND = _live.where(_s.c.secret_hash == sa.bindparam("hashed"))
_LIVE = _live.where(_s.c.id == sa.bindparam("session"))
_END = (
    sa.update(_s)
    .where(_s.c.id == sa.bindparam("session"), _s.c.ended_at.is_(None))
    .values(ended_at=sa.bindparam("now"))
)
_END_ALL = (
    sa.update(_s)
    .where(_s.c.user_id == sa.bindparam("user"), _s.c.ended_at.is_(None))
    .values(ended_at=sa.bindparam("now"))
    .returning(_s.c.id, _s.c.expires_at)
)
_END_OTHERS = (
    sa.update(_s)
    .where(_s.c.user_id == sa.bindparam("user"), _s.c.ended_at.is_(None))
    .where(_s.c.id != sa.bindparam("kept", type_=sa.Text()))
    .values(ended_at=sa.bindparam("now"))
    .returning(_s.c.id, _s.c.expires_at)
)

_FORGET = sa.delete(_s).where(_s.c.expires_at < sa.bindparam("before", type_=_s.c.expires_at.type))


def add(conn: Connection, session: Session, secret_hash: str) -> None:
    row = {
        "id": session.id,
        "user_id": session.user_id,
        "secret_hash": secret_hash,
        "created_at": session.created_at,
        "expires_at": session.expires_at,
        "ended_at": session.ended_at,
    }
    conn.execute(_INSERT, row)


def find(conn: Connection, secret_hash: str, now: datetime) -> tuple[Session, User] | None:
    return _one(conn.execute(_FIND, {"hashed": secret_hash, "now": now}))


def live(conn: Connection, session_id: SessionId, now: datetime) -> tuple[Session, User] | None:
    return _one(conn.execute(_LIVE, {"session": session_id, "now": now}))


def of_user(conn: Connection, user_id: UserId, now: datetime) -> list[SessionId]:
    """The live ones."""
    return list(conn.execute(_OF_USER, {"user": user_id, "now": now}).scalars())


def end(conn: Connection, session_id: SessionId, now: datetime) -> None:
    conn.execute(_END, {"session": session_id, "now": now})


def end_all(conn: Connection, user_id: UserId, now: datetime) -> list[SessionId]:
    """The ones that would have been good for longer: what a data plane must still be told of."""
    ended = conn.execute(_END_ALL, {"user": user_id, "now": now})
    return sorted(row.id for row in ended if row.expires_at > now)


def end_others(conn: Connection, user_id: UserId, kept: SessionId, now: datetime) -> list[SessionId]:
    """As `end_all`, but for the one that is kept."""
    ended = conn.execute(_END_OTHERS, {"user": user_id, "kept": kept, "now": now})
    return sorted(row.id for row in ended if row.expires_at > now)


def forget(conn: Connection, before: datetime) -> None:
    """Those that ran out before then."""
    conn.execute(_FORGET, {"before": before})


def _one(result: Any) -> tuple[Session, User] | None:
    row = result.one_or_none()
    if row is None:
        return None
    user = user_from(row)
    return Session(row.id, user.id, row.created_at, row.expires_at), user
