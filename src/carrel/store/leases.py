"""Leases between replicas: one holder per name until it runs out. On SQLite there is one process, and it always gets it."""

from datetime import datetime, timedelta
from functools import partial

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects import sqlite

from carrel.store import schema
from carrel.store.upsert import Insert, PerEngine

_l = schema.leases


def _taking(insert: Insert, *, guarded: bool) -> Insert:
    free = sa.or_(
        _l.c.holder == insert.excluded.holder,
        _l.c.expires_at <= sa.bindparam("now", type_=_l.c.expires_at.type),
    )
    return (
        insert.values(
            name=sa.bindparam("called"), holder=sa.bindparam("by"), expires_at=sa.bindparam("until")
        )
        .on_conflict_do_update(
            index_elements=[_l.c.name],
            set_={"holder": insert.excluded.holder, "expires_at": insert.excluded.expires_at},
            where=free if guarded else None,
        )
        .returning(_l.c.holder)
    )


_ACQUIRE = PerEngine(_l, partial(_taking, guarded=True)).replace(
    "sqlite", _taking(sqlite.insert(_l), guarded=False)
)
_RELEASE = sa.delete(_l).where(_l.c.name == sa.bindparam("called"), _l.c.holder == sa.bindparam("by"))


def acquire(conn: Connection, name: str, holder: str, now: datetime, lifetime: timedelta) -> bool:
    """True for the one who has it now, which renews it."""
    given = {"called": name, "by": holder, "until": now + lifetime, "now": now}
    return conn.execute(_ACQUIRE.on(conn), given).one_or_none() is not None


def release(conn: Connection, name: str, holder: str) -> None:
    conn.execute(_RELEASE, {"called": name, "by": holder})
