"""Which of these workspaces have something newer to be had: one look for however many."""

from collections.abc import Iterable

from sqlalchemy import Connection

from carrel.domain.ids import PoolName, WorkspaceId
from carrel.domain.workspace import Desired, Workspace
from carrel.rules.outdated import has_update
from carrel.store import templates


def updatable(
    conn: Connection, rows: Iterable[Workspace], pool: PoolName | None = None
) -> frozenset[WorkspaceId]:
    """`pool` where all of them are of that one."""
    going_on = [row for row in rows if row.desired is Desired.RUNNING]
    if not going_on:
        return frozenset()
    now = templates.started(conn, pool)
    return frozenset(row.id for row in going_on if has_update(row, now.get(row.pool)))
