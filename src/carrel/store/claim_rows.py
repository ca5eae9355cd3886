"""How a claim is read: its own row, and the workspace that names it. Who holds a workspace is written in the workspace alone."""

from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from carrel.domain.claim import Claim, ClaimState
from carrel.store import schema

_c = schema.claims
_w = schema.workspaces

READ = sa.select(_c, _w.c.id.label("workspace_id")).select_from(_c.outerjoin(_w, _w.c.claim_id == _c.c.id))
"""The beginning of every query for claims."""

LIVE = sa.text("claims.state <> 'released'")
WAITING = sa.text("claims.state = 'waiting'")
"""Written out, not bound: SQLite uses a partial index only where it can read that the query stays inside it."""

QUEUE = (_c.c.created_at, _c.c.id)
"""The order in which people are served."""


def claim_from(row: Any) -> Claim:
    return Claim(
        id=row.id,
        user_id=row.user_id,
        pool=row.pool,
        name=row.name,
        state=ClaimState(row.state),
        created_at=row.created_at,
        watched_at=row.watched_at,
        version=row.version,
        workspace_id=row.workspace_id,
        held_at=row.held_at,
        released_at=row.released_at,
        release_at=row.release_at,
        home_id=row.home_id,
        parameters=MappingProxyType(dict(row.parameters or {})),
        reason=row.reason,
        reason_code=row.reason_code,
    )
