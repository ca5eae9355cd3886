"""What running workspaces suffer from, as their timelines have it. Decides nothing about what is news."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from carrel.domain.ids import WorkspaceId
from carrel.domain.instance import Ailment
from carrel.domain.workspace import Workspace
from carrel.rules.ailing import KINDS, is_news, kind_of, read, recovered
from carrel.store import events, schema

_e = schema.events
_LINES = (
    sa.select(_e)
    .where(_e.c.subject.in_(sa.bindparam("ids", expanding=True)), _e.c.kind.in_(KINDS))
    .order_by(_e.c.seq)
)


def current(conn: Connection, ids: Collection[WorkspaceId]) -> dict[WorkspaceId, Ailment]:
    """Of those that suffer from something, in one query however many are asked about."""
    newest = (
        {row.subject: events.event_from(row) for row in conn.execute(_LINES, {"ids": sorted(ids)})}
        if ids
        else {}
    )
    found = {WorkspaceId(id_): read(line) for id_, line in newest.items()}
    return {id_: ailment for id_, ailment in found.items() if ailment is not None}


def note(conn: Connection, row: Workspace, ailment: Ailment | None, now: datetime) -> bool:
    """A line for its person, once as long as it stays the same, and one when it is over. Whether one was written."""
    before = current(conn, [row.id]).get(row.id)
    if not is_news(before, ailment):
        return False
    if ailment is not None:
        events.add(conn, now, kind_of(ailment), ailment.sentence, workspace_id=row.id, claim_id=row.claim_id)
    elif before is not None:
        events.add(conn, now, "recovered", recovered(before), workspace_id=row.id, claim_id=row.claim_id)
    return True
