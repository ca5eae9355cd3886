"""What running workspaces suffer from, as their timelines have it. Decides nothing about what is news."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from carrel.domain.ids import WorkspaceId
from carrel.domain.instance import Ailment
from carrel.domain.workspace import Desired, Phase, Workspace
from carrel.rules.ailing import KINDS, is_news, kind_of, read, recovered
from carrel.store import events, schema, workspaces

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
    """A line for its person, once as long as it stays the same, and one when it is over. Whether one was written: none once it is nobody's
    any more, or is ending. `row` may have been read a while ago.
    """
    events.hold(conn, workspace_id=row.id, claim_id=row.claim_id)
    before = current(conn, [row.id]).get(row.id)
    if not is_news(before, ailment) or not _is_still_held(workspaces.get(conn, row.id), row):
        return False
    if ailment is not None:
        events.add(conn, now, kind_of(ailment), ailment.sentence, workspace_id=row.id, claim_id=row.claim_id)
    elif before is not None:
        events.add(conn, now, "recovered", recovered(before), workspace_id=row.id, claim_id=row.claim_id)
    return True


def _is_still_held(now: Workspace | None, row: Workspace) -> bool:
    if now is None or now.phase not in (Phase.READY, Phase.DRAINING):
        return False
    return now.desired is Desired.RUNNING and now.claim_id is not None and now.claim_id == row.claim_id
