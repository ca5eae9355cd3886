"""The guarded move of a workspace from phase to phase: one statement for each phase, its predecessors taken from TRANSITIONS."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.sql.dml import ReturningUpdate

from carrel.domain.endpoint import Endpoint
from carrel.domain.errors import Internal
from carrel.domain.ids import WorkspaceId
from carrel.domain.reason import Reason
from carrel.domain.workspace import TRANSITIONS, Desired, Phase, Workspace, may_become
from carrel.store import events, homes, schema
from carrel.store.workspace_rows import endpoint_values, workspace_from

_w = schema.workspaces

_SENTENCES = {
    Phase.STARTING: "It is starting.",
    Phase.READY: "Its app answers.",
    Phase.DRAINING: "It takes nobody new.",
    Phase.STOPPING: "It is being stopped.",
    Phase.GONE: "It is gone; this history stays.",
    Phase.FAILED: "It failed.",
}

_ENDING = (Phase.STOPPING, Phase.GONE, Phase.FAILED)
_RUNNING = (Phase.STARTING, Phase.READY)


def _statement(phase: Phase) -> ReturningUpdate[Any]:
    """Values that were not given keep what the row has, except that a running workspace forgets why it once stopped."""
    before = sorted(old for old in TRANSITIONS if may_become(old, phase))
    forgets = phase in _RUNNING
    changes: dict[str, Any] = {
        "phase": phase.value,
        "phase_at": sa.bindparam("now"),
        "version": _w.c.version + 1,
        **{name: _given_or_kept(name) for name in (*endpoint_values(None), "handle")},
        "reason": sa.bindparam("new_reason", type_=sa.Text()) if forgets else _given_or_kept("reason"),
        "reason_code": (
            sa.bindparam("new_reason_code", type_=sa.Text()) if forgets else _given_or_kept("reason_code")
        ),
    }
    if phase is Phase.READY:
        changes["ready_at"] = sa.func.coalesce(_w.c.ready_at, sa.bindparam("now", type_=_w.c.ready_at.type))
    if phase is Phase.GONE:
        changes["gone_at"] = sa.bindparam("now")
    if phase in _ENDING:
        changes["desired"] = Desired.GONE.value
    return (
        sa.update(_w)
        .where(_w.c.id == sa.bindparam("row_id"), _w.c.version == sa.bindparam("row_version"))
        .where(_w.c.phase.in_([old.value for old in before]))
        .values(changes)
        .returning(_w)
    )


def _given_or_kept(name: str) -> Any:
    column = _w.c[name]
    return sa.func.coalesce(sa.bindparam(f"new_{name}", type_=column.type), column)


_MOVES = {phase: _statement(phase) for phase in Phase}
_NOW_AT = sa.select(_w.c.phase, _w.c.version).where(_w.c.id == sa.bindparam("row_id"))
_ONE_LESS = (
    sa.update(schema.pools)
    .where(schema.pools.c.name == sa.bindparam("pool"))
    .values(live=schema.pools.c.live - 1)
)


def move(
    conn: Connection,
    workspace_id: WorkspaceId,
    version: int,
    phase: Phase,
    now: datetime,
    *,
    reason: Reason | None = None,
    endpoint: Endpoint | None = None,
    handle: str | None = None,
) -> Workspace | None:
    """None when somebody was faster, or the row is unknown. A move that TRANSITIONS does not know is our own mistake: Internal."""
    found = conn.execute(
        _MOVES[phase],
        {
            "row_id": workspace_id,
            "row_version": version,
            "now": now,
            "new_handle": handle,
            "new_reason": reason.sentence if reason else None,
            "new_reason_code": reason.code.value if reason else None,
            **{f"new_{name}": value for name, value in endpoint_values(endpoint).items()},
        },
    ).one_or_none()
    if found is None:
        _blame(conn, workspace_id, version, phase)
        return None
    moved = workspace_from(found)
    if phase is Phase.GONE:
        conn.execute(_ONE_LESS, {"pool": moved.pool})
        homes.let_out(conn, moved.id, now)
    sentence = reason.sentence if reason else _SENTENCES[phase]
    events.append(conn, now, phase.value, sentence, workspace_id=moved.id, claim_id=moved.claim_id)
    return moved


def _blame(conn: Connection, workspace_id: WorkspaceId, version: int, phase: Phase) -> None:
    current = conn.execute(_NOW_AT, {"row_id": workspace_id}).one_or_none()
    if current is not None and current.version == version:
        raise Internal(
            f"Workspace {workspace_id} is {current.phase} and cannot become {phase.value}. "
            "This is a mistake in Carrel; please report it."
        )
