"""How far starts have come: one line in the timeline of each, kept up to date. Decides nothing about when."""

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from carrel.domain.ids import WorkspaceId
from carrel.domain.instance import Progress
from carrel.rules.progress import KIND, read, said
from carrel.store import events, schema

_e = schema.events
_AGAIN = (
    sa.update(_e)
    .where(_e.c.subject == sa.bindparam("of"), _e.c.seq == sa.bindparam("number", type_=sa.Integer()))
    .values(at=sa.bindparam("now", type_=_e.c.at.type), sentence=sa.bindparam("told", type_=sa.Text()))
)


def note(conn: Connection, now_at: dict[WorkspaceId, Progress], now: datetime) -> None:
    for workspace_id, progress in sorted(now_at.items()):
        last = events.newest(conn, workspace_id)
        if last is not None and last.kind == KIND:
            given = {"of": workspace_id, "number": last.seq, "now": now, "told": said(progress)}
            conn.execute(_AGAIN, given)
        else:
            events.add(conn, now, "progress", said(progress), workspace_id=workspace_id)


def of(conn: Connection, workspace_id: WorkspaceId) -> Progress | None:
    """Of one that starts; its sentence holds the figure."""
    return read(events.newest(conn, workspace_id))


def of_each(conn: Connection, ids: Iterable[WorkspaceId]) -> dict[WorkspaceId, Progress]:
    """Of those of them that anything is said of."""
    return {id_: found for id_ in ids if (found := of(conn, id_)) is not None}
