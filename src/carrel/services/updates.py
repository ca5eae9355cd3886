"""Which of these workspaces have something newer to be had: one look for however many."""

from collections.abc import Iterable

from sqlalchemy import Connection

from carrel.domain.ids import PoolName, WorkspaceId
from carrel.domain.workspace import Workspace
from carrel.rules.outdated import has_update
from carrel.store import templates


def updatable(
    conn: Connection, rows: Iterable[Workspace], pool: PoolName | None = None
) -> frozenset[WorkspaceId]:
    """`pool` where all of them are of that one."""
    now = templates.started(conn, pool)
    return frozenset(row.id for row in rows if has_update(row, now.get(row.pool)))
