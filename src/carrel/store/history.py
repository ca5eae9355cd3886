"""Forgets what is long over: gone workspaces, released claims, their timelines, reports that were seen to, old lines of the audit. Never
anything live.

In batches, each a transaction of its own, so that nobody waits for it.
"""

from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection

from carrel.store import schema

_a = schema.audit
_c = schema.claims
_e = schema.events
_r = schema.reports
_w = schema.workspaces

BATCH: Final = 200
"""Rows of one kind; their timelines are some ten times as many."""

_most = sa.bindparam("most", type_=sa.Integer())
_OVER = sa.or_(
    _w.c.claim_id.is_(None),
    sa.exists().where(_c.c.id == _w.c.claim_id, sa.text("claims.state = 'released'")),
)
_WORKSPACES = (
    sa.select(_w.c.id)
    .where(_w.c.gone_at < sa.bindparam("before", type_=_w.c.gone_at.type), _w.c.phase == "gone", _OVER)
    .order_by(_w.c.gone_at)
    .limit(_most)
)
_before = sa.bindparam("before", type_=_c.c.released_at.type)
_CLAIMS = (
    sa.select(_c.c.id)
    .where(_c.c.created_at < _before, _c.c.state == "released", _c.c.released_at < _before)
    .where(~sa.exists().where(_w.c.claim_id == _c.c.id))
    .order_by(_c.c.created_at, _c.c.id)
    .limit(_most)
)
"""What was released before then was made before then, and that has an index. Its workspace goes first: it names the claim."""
_REPORTS = (
    sa.select(_r.c.id)
    .where(_r.c.done_at < sa.bindparam("before", type_=_r.c.done_at.type))
    .order_by(_r.c.at, _r.c.id)
    .limit(_most)
)
_OLDEST_LINES = sa.select(_a.c.id, _a.c.at).order_by(_a.c.id).limit(_most)

_ids: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)
_NO_WORKSPACES = sa.delete(_w).where(_w.c.id.in_(_ids), _w.c.phase == "gone")
_NO_CLAIMS = sa.delete(_c).where(_c.c.id.in_(_ids), _c.c.state == "released")
_NO_EVENTS = sa.delete(_e).where(_e.c.subject.in_(_ids))
_NO_REPORTS = sa.delete(_r).where(_r.c.id.in_(_ids), _r.c.done_at.is_not(None))
_NO_LINES = sa.delete(_a).where(_a.c.id.in_(_ids))


def forget(conn: Connection, before: datetime, most: int = BATCH) -> int:
    """One batch of what ended before then; how many rows it was, 0 when nothing is left."""
    workspaces = _ended(conn, _WORKSPACES, before, most)
    _delete(conn, workspaces, _NO_WORKSPACES, _NO_EVENTS)
    claims = _ended(conn, _CLAIMS, before, most)
    _delete(conn, claims, _NO_CLAIMS, _NO_EVENTS)
    reports = _ended(conn, _REPORTS, before, most)
    _delete(conn, reports, _NO_REPORTS)
    lines = [row.id for row in conn.execute(_OLDEST_LINES, {"most": most}) if row.at < before]
    _delete(conn, lines, _NO_LINES)
    return len(workspaces) + len(claims) + len(reports) + len(lines)


def _ended(conn: Connection, query: sa.Select[Any], before: datetime, most: int) -> list[Any]:
    return list(conn.execute(query, {"before": before, "most": most}).scalars())


def _delete(conn: Connection, ids: list[Any], *statements: sa.Delete) -> None:
    for statement in statements if ids else ():
        conn.execute(statement, {"ids": ids})
