"""API tokens, found by the hash of their secret. One that was revoked, ran out or belongs to a disabled person is not found."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from carrel.domain.account import Token, User
from carrel.domain.actor import Scope
from carrel.domain.ids import TokenId, UserId
from carrel.store import schema
from carrel.store.users import user_columns, user_from

_t = schema.tokens
_u = schema.users
_now = sa.bindparam("now", type_=_t.c.expires_at.type)

_INSERT = sa.insert(_t)
_FIND = (
    sa.select(
        _t.c.id,
        _t.c.label,
        _t.c.scopes,
        _t.c.created_at,
        _t.c.expires_at,
        _t.c.last_used_at,
        _t.c.revoked_at,
        _t.c.made_by,
        *user_columns(),
    )
    .join_from(_t, _u, _u.c.id == _t.c.user_id)
    .where(_t.c.secret_hash == sa.bindparam("hashed"), _t.c.revoked_at.is_(None), _u.c.disabled_at.is_(None))
    .where(sa.or_(_t.c.expires_at.is_(None), _t.c.expires_at > _now))
)
_GET = sa.select(_t).where(_t.c.id == sa.bindparam("token"))
_KNOWN = sa.select(_t.c.id).where(_t.c.secret_hash == sa.bindparam("hashed"))
_OF_USER = sa.select(_t).where(_t.c.user_id == sa.bindparam("user")).order_by(_t.c.created_at.desc(), _t.c.id)
_REVOKE = (
    sa.update(_t)
    .where(_t.c.id == sa.bindparam("token"), _t.c.revoked_at.is_(None))
    .values(revoked_at=sa.bindparam("now"))
)
_USED = sa.update(_t).where(_t.c.id == sa.bindparam("token")).values(last_used_at=sa.bindparam("now"))


def add(conn: Connection, token: Token, secret_hash: str) -> None:
    row = {
        "id": token.id,
        "user_id": token.user_id,
        "secret_hash": secret_hash,
        "label": token.label,
        "scopes": " ".join(sorted(token.scopes)),
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "last_used_at": token.last_used_at,
        "revoked_at": token.revoked_at,
        "made_by": token.made_by,
    }
    conn.execute(_INSERT, row)


def find(conn: Connection, secret_hash: str, now: datetime) -> tuple[Token, User] | None:
    row = conn.execute(_FIND, {"hashed": secret_hash, "now": now}).one_or_none()
    return None if row is None else (_token(row), user_from(row))


def get(conn: Connection, token_id: TokenId) -> Token | None:
    """The revoked and the expired too."""
    row = conn.execute(_GET, {"token": token_id}).one_or_none()
    return None if row is None else _token(row)


def is_known(conn: Connection, secret_hash: str) -> bool:
    """Whether there ever was one with this secret; it may be revoked."""
    return conn.execute(_KNOWN, {"hashed": secret_hash}).one_or_none() is not None


def of_user(conn: Connection, user_id: UserId) -> list[Token]:
    """All of them, newest first, the revoked too."""
    return [_token(row) for row in conn.execute(_OF_USER, {"user": user_id})]


def revoke(conn: Connection, token_id: TokenId, now: datetime) -> None:
    conn.execute(_REVOKE, {"token": token_id, "now": now})


def used(conn: Connection, token_id: TokenId, now: datetime) -> None:
    conn.execute(_USED, {"token": token_id, "now": now})


def _token(row: Any) -> Token:
    return Token(
        id=row.id,
        user_id=row.user_id,
        label=row.label,
        scopes=frozenset(Scope(word) for word in row.scopes.split()),
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
        made_by=row.made_by,
    )
