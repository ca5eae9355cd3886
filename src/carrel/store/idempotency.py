"""Answers kept by Idempotency-Key, so that a request repeated after a lost answer does nothing twice."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from carrel.domain.errors import Conflict
from carrel.store import schema
from carrel.store.upsert import PerEngine

_i = schema.idempotency
_which = (_i.c.key == sa.bindparam("for_key"), _i.c.actor == sa.bindparam("by"))

ABANDONED_AFTER = timedelta(minutes=1)
"""A request that was begun and never finished belongs to a process that died; after this its repetition may go on."""

_BEGIN = PerEngine(_i, lambda insert: insert.on_conflict_do_nothing().returning(_i.c.key))
_TAKE_OVER = (
    sa.update(_i)
    .where(*_which, _i.c.status_code.is_(None))
    .where(_i.c.begun_at < sa.bindparam("before", type_=_i.c.begun_at.type))
    .values(begun_at=sa.bindparam("now"))
    .returning(_i.c.key)
)
_GET = sa.select(_i).where(*_which)
_FINISH = (
    sa.update(_i)
    .where(*_which)
    .values(
        status_code=sa.bindparam("new_status"),
        headers=sa.bindparam("new_headers", type_=sa.JSON()),
        body=sa.bindparam("new_body"),
    )
)
_ABANDON = sa.delete(_i).where(*_which, _i.c.status_code.is_(None))
_FORGET = sa.delete(_i).where(_i.c.begun_at < sa.bindparam("before", type_=_i.c.begun_at.type))


@dataclass(frozen=True, slots=True)
class Stored:
    """The answer that was given."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def begin(conn: Connection, key: str, actor: str, fingerprint: str, now: datetime) -> Stored | None:
    """None: go on, and `finish`. Stored: answer that.

    Raises Conflict when the key was used for another request, or the same one is still being answered.
    """
    row = {"key": key, "actor": actor, "fingerprint": fingerprint, "begun_at": now}
    if conn.execute(_BEGIN.on(conn), row).one_or_none() is not None:
        return None
    which = {"for_key": key, "by": actor}
    known = conn.execute(_GET, which).one()
    if known.fingerprint != fingerprint:
        raise Conflict(
            "This Idempotency-Key was used for a different request. Use a new key for a new request."
        )
    if known.status_code is not None:
        return Stored(known.status_code, known.headers, known.body)
    if conn.execute(_TAKE_OVER, {**which, "before": now - ABANDONED_AFTER, "now": now}).one_or_none():
        return None
    raise Conflict("The same request is still being answered. Repeat it in a moment.")


def finish(  # noqa: PLR0917 - an answer is a status, headers and a body, in that order
    conn: Connection, key: str, actor: str, status: int, headers: Mapping[str, str], body: bytes
) -> None:
    given = {
        "for_key": key,
        "by": actor,
        "new_status": status,
        "new_headers": dict(headers),
        "new_body": body,
    }
    conn.execute(_FINISH, given)


def abandon(conn: Connection, key: str, actor: str) -> None:
    """For a request that failed in a way worth trying again: its key is free at once. A finished one stays."""
    conn.execute(_ABANDON, {"for_key": key, "by": actor})


def forget(conn: Connection, before: datetime) -> None:
    conn.execute(_FORGET, {"before": before})
