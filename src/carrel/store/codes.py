"""One-time codes, known by their hash: whoever takes one first has it, and nobody after."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from carrel.store import schema

_c = schema.codes
_now = sa.bindparam("now", type_=_c.c.expires_at.type)

_INSERT = sa.insert(_c)
_TAKE = (
    sa.delete(_c)
    .where(
        _c.c.code_hash == sa.bindparam("hashed"), _c.c.kind == sa.bindparam("of_kind"), _c.c.expires_at > _now
    )
    .returning(_c.c.payload)
)
_DROP = sa.delete(_c).where(_c.c.kind == sa.bindparam("of_kind"))
_WITHDRAW = sa.delete(_c).where(
    _c.c.kind == sa.bindparam("of_kind"), _c.c.payload == sa.bindparam("given_for")
)
_FORGET = sa.delete(_c).where(_c.c.expires_at <= _now)


def add(conn: Connection, code_hash: str, kind: str, payload: str, expires_at: datetime) -> None:
    conn.execute(
        _INSERT, {"code_hash": code_hash, "kind": kind, "payload": payload, "expires_at": expires_at}
    )


def take(conn: Connection, code_hash: str, kind: str, now: datetime) -> str | None:
    """The payload, once. Forgets the codes that ran out, whoever they were for."""
    found: str | None = conn.execute(
        _TAKE, {"hashed": code_hash, "of_kind": kind, "now": now}
    ).scalar_one_or_none()
    conn.execute(_FORGET, {"now": now})
    return found


def drop(conn: Connection, kind: str) -> None:
    """Every code of this kind is worth nothing from now on."""
    conn.execute(_DROP, {"of_kind": kind})


def withdraw(conn: Connection, kind: str, payload: str) -> None:
    """Every code of this kind that was given out for this is worth nothing from now on."""
    conn.execute(_WITHDRAW, {"of_kind": kind, "given_for": payload})
