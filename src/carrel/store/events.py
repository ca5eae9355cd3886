"""Timelines: numbered lines about a workspace or a claim, kept after either is gone. Decides nothing about what is worth a line."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from carrel.domain.event import Event
from carrel.domain.ids import ClaimId, WorkspaceId
from carrel.store import schema

_e = schema.events
_last = _e.alias("last")

_INSERT = sa.insert(_e).values(
    seq=sa.select(sa.func.coalesce(sa.func.max(_last.c.seq), 0) + 1)
    .where(_last.c.subject == sa.bindparam("numbered_for"))
    .scalar_subquery()
)
_OF = (
    sa.select(_e)
    .where(_e.c.subject == sa.bindparam("subject"), _e.c.seq > sa.bindparam("after"))
    .order_by(_e.c.seq)
)
_HOLD_CLAIM = sa.select(schema.claims.c.id).where(schema.claims.c.id == sa.bindparam("id")).with_for_update()
_HOLD_WORKSPACE = (
    sa.select(schema.workspaces.c.id).where(schema.workspaces.c.id == sa.bindparam("id")).with_for_update()
)


def add(
    conn: Connection,
    at: datetime,
    kind: str,
    sentence: str,
    *,
    workspace_id: WorkspaceId | None = None,
    claim_id: ClaimId | None = None,
) -> None:
    """One line for each subject named. Locks the subjects' rows, since a number is the last one plus one."""
    if claim_id is not None:
        conn.execute(_HOLD_CLAIM, {"id": claim_id})
    if workspace_id is not None:
        conn.execute(_HOLD_WORKSPACE, {"id": workspace_id})
    append(conn, at, kind, sentence, workspace_id=workspace_id, claim_id=claim_id)


def append(
    conn: Connection,
    at: datetime,
    kind: str,
    sentence: str,
    *,
    workspace_id: WorkspaceId | None = None,
    claim_id: ClaimId | None = None,
) -> None:
    """As `add`, for callers whose transaction has already written the subjects' rows and so holds them."""
    line = {
        "at": at,
        "kind": kind,
        "sentence": sentence,
        "workspace_id": workspace_id,
        "claim_id": claim_id,
    }
    subjects = [subject for subject in (claim_id, workspace_id) if subject is not None]
    if subjects:
        conn.execute(_INSERT, [{**line, "subject": subject, "numbered_for": subject} for subject in subjects])


def of_claim(conn: Connection, claim_id: ClaimId, after: int = 0) -> list[Event]:
    return _of(conn, claim_id, after)


def of_workspace(conn: Connection, workspace_id: WorkspaceId, after: int = 0) -> list[Event]:
    return _of(conn, workspace_id, after)


def _of(conn: Connection, subject: str, after: int) -> list[Event]:
    return [_event(row) for row in conn.execute(_OF, {"subject": subject, "after": after})]


def _event(row: Any) -> Event:
    return Event(
        seq=row.seq,
        at=row.at,
        kind=row.kind,
        sentence=row.sentence,
        workspace_id=row.workspace_id,
        claim_id=row.claim_id,
    )
