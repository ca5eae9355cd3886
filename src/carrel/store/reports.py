"""What people told the admins: one open report per person and claim (or workspace that nobody claimed), which is kept up to date."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from carrel.domain.ids import ReportId, UserId
from carrel.domain.page import Page
from carrel.domain.report import Report
from carrel.store import cursor, schema, users

_r = schema.reports
_id = sa.bindparam("report", type_=sa.Text())

_INSERT = sa.insert(_r)
_GET = sa.select(_r).where(_r.c.id == _id)
_OPEN = sa.select(_r).where(_r.c.user_id == sa.bindparam("user"), _r.c.done_at.is_(None))
_OF_CLAIM = _OPEN.where(_r.c.claim_id == sa.bindparam("about", type_=sa.Text()))
_OF_WORKSPACE = _OPEN.where(
    _r.c.claim_id.is_(None), _r.c.workspace_id == sa.bindparam("about", type_=sa.Text())
)
_COUNT_OPEN = sa.select(sa.func.count()).select_from(_r).where(_r.c.done_at.is_(None))
_RENEW = (
    sa.update(_r)
    .where(_r.c.id == _id)
    .values(
        at=sa.bindparam("now", type_=_r.c.at.type),
        workspace_id=sa.bindparam("workspace", type_=sa.Text()),
        message=sa.bindparam("words", type_=sa.Text()),
        attached=sa.bindparam("text", type_=sa.Text()),
    )
)
_DONE = (
    sa.update(_r)
    .where(_r.c.id == _id, _r.c.done_at.is_(None))
    .values(done_at=sa.bindparam("now", type_=_r.c.done_at.type), done_by=sa.bindparam("by", type_=sa.Text()))
    .returning(_r.c.id)
)


def put(conn: Connection, report: Report) -> Report:
    """The report as it stands now: this one, or the open one about the same thing, renewed. Words that were said stay unless there
    are new ones.
    """
    users.hold(conn, report.user_id)  # two reports of one person at the same moment would both find none open
    known = open_about(conn, report)
    if known is None:
        conn.execute(_INSERT, _values(report))
        return report
    given = {
        "report": known.id,
        "now": report.at,
        "workspace": report.workspace_id,
        "words": report.message or known.message,
        "text": report.attached,
    }
    conn.execute(_RENEW, given)
    return get(conn, known.id) or known


def get(conn: Connection, report_id: ReportId) -> Report | None:
    row = conn.execute(_GET, {"report": report_id}).one_or_none()
    return None if row is None else _report(row)


def page(
    conn: Connection, *, is_open: bool | None = None, after: str | None = None, limit: int = 50
) -> Page[Report]:
    """Newest first."""
    query = sa.select(_r).order_by(_r.c.at.desc(), _r.c.id.desc()).limit(cursor.size(limit) + 1)
    if is_open is not None:
        query = query.where(_r.c.done_at.is_(None) if is_open else _r.c.done_at.is_not(None))
    if after is not None:
        at, last = cursor.moment_and_id(after)
        query = query.where(sa.or_(_r.c.at < at, sa.and_(_r.c.at == at, _r.c.id < last)))
    rows = [_report(row) for row in conn.execute(query)]
    return cursor.page_of(rows, limit, lambda report: (report.at, report.id))


def open_count(conn: Connection, user_id: UserId | None = None) -> int:
    """Everybody's, or one person's."""
    query = _COUNT_OPEN if user_id is None else _COUNT_OPEN.where(_r.c.user_id == user_id)
    found: int = conn.execute(query).scalar_one()
    return found


def done(conn: Connection, report_id: ReportId, by: str, now: datetime) -> bool:
    """False where it was done before, or is unknown."""
    return conn.execute(_DONE, {"report": report_id, "by": by, "now": now}).one_or_none() is not None


def open_about(conn: Connection, report: Report) -> Report | None:
    """This person's open report about the same thing."""
    query = _OF_WORKSPACE if report.claim_id is None else _OF_CLAIM
    given = {"user": report.user_id, "about": report.claim_id or report.workspace_id}
    row = conn.execute(query, given).first()
    return None if row is None else _report(row)


def _values(report: Report) -> dict[str, object]:
    return {
        "id": report.id,
        "at": report.at,
        "user_id": report.user_id,
        "pool": report.pool,
        "claim_id": report.claim_id,
        "workspace_id": report.workspace_id,
        "message": report.message,
        "attached": report.attached,
        "done_at": report.done_at,
        "done_by": report.done_by,
    }


def _report(row: Any) -> Report:
    return Report(
        id=row.id,
        at=row.at,
        user_id=row.user_id,
        pool=row.pool,
        message=row.message,
        attached=row.attached,
        claim_id=row.claim_id,
        workspace_id=row.workspace_id,
        done_at=row.done_at,
        done_by=row.done_by,
    )
