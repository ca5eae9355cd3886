"""Who may no longer enter though their signed cookie still says so; kept only as long as such a cookie can live."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from carrel.ports.dataplane import Withdrawal
from carrel.store import schema

_w = schema.withdrawals
_before = sa.bindparam("before", type_=_w.c.until.type)

_KEPT = timedelta(hours=1)
"""A withdrawal this much older than a new one is over on any clock."""

_INSERT = sa.insert(_w)
_FORGET = sa.delete(_w).where(_w.c.until < _before)
_CURRENT = sa.select(_w).where(_w.c.until > sa.bindparam("now", type_=_w.c.until.type)).order_by(_w.c.id)


def add(conn: Connection, withdrawal: Withdrawal) -> None:
    """Forgets old ones on the way."""
    conn.execute(_FORGET, {"before": withdrawal.until - _KEPT})
    row = {
        "until": withdrawal.until,
        "session_id": withdrawal.session_id,
        "workspace_id": withdrawal.workspace_id,
    }
    conn.execute(_INSERT, row)


def current(conn: Connection, now: datetime) -> list[Withdrawal]:
    return [
        Withdrawal(row.until, row.session_id, row.workspace_id)
        for row in conn.execute(_CURRENT, {"now": now})
    ]
