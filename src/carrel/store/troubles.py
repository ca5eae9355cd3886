"""What keeps a pool from handing over anything: the newest line of its own timeline, unless a workspace has shown since that it is over."""

import sqlalchemy as sa
from sqlalchemy import Connection

from carrel.domain.event import Event
from carrel.domain.ids import PoolName, UserId, WorkspaceId
from carrel.domain.pool import Pool
from carrel.domain.reason import ReasonCode
from carrel.domain.workspace import Phase
from carrel.rules.causes import Delay
from carrel.rules.progress import KIND
from carrel.store import events, pools, schema
from carrel.store.workspace_rows import COMING

_w = schema.workspaces
_AT = sa.bindparam("at", type_=_w.c.ready_at.type)
_OF_POOL = sa.select(_w.c.id).where(_w.c.pool == sa.bindparam("pool")).limit(1)
_READY_SINCE = _OF_POOL.where(_w.c.ready_at > _AT)
_HANDED_OVER_SINCE = _OF_POOL.where(_w.c.attached_at > _AT)
_REASON_CODE = sa.select(_w.c.reason_code).where(_w.c.id == sa.bindparam("id"))
_WITHHELD = sa.select(schema.variables.c.value).where(schema.variables.c.user_id == sa.bindparam("user"))
_COMING = sa.select(_w.c.phase).where(_w.c.pool == sa.bindparam("pool"), COMING)


def newest(conn: Connection, pool: PoolName) -> Event | None:
    """Of kind "failed" or a `Delay`; None where all is well. That an app answers says nothing about files that could not be brought in,
    nor that a backend answers again about what had failed there before.
    """
    last = events.of_pool(conn, pool)
    if last is not None and last.kind == "seen":
        last = events.of_pool(conn, pool, but=("seen", Delay.UNSEEN))
    if last is None or last.kind == Delay.UNSEEN:
        return last
    if last.kind == Delay.AWAY and _goes_on(conn, last):
        return None
    needed = _HANDED_OVER_SINCE if _is_about_files(conn, last) else _READY_SINCE
    worked = conn.execute(needed, {"pool": pool, "at": last.at}).first()
    return last if worked is None else None


def is_only_unseen(conn: Connection, pool: Pool) -> bool:
    """Its backend cannot be asked, and has nothing to start either: all that the pool may have are there."""
    last = newest(conn, pool.name)
    return last is not None and last.kind == Delay.UNSEEN and not wants_starts(conn, pool)


def wants_starts(conn: Connection, pool: Pool) -> bool:
    """Whether anything could be on its way for those who wait."""
    return bool(coming(conn, pool.name)) or (not pool.paused and pools.live(conn, pool.name) < pool.limit)


def _goes_on(conn: Connection, away: Event) -> bool:
    """Whether the one that got nowhere does again what it was started for."""
    lines = events.of_workspace(conn, away.workspace_id) if away.workspace_id else []
    told = [line.sentence for line in lines if line.kind == KIND]
    return bool(told) and not told[-1].startswith(away.sentence)


def _is_about_files(conn: Connection, failed: Event) -> bool:
    code = conn.execute(_REASON_CODE, {"id": failed.workspace_id}).scalar() if failed.workspace_id else None
    return code == ReasonCode.ATTACH_FAILED


def printed(conn: Connection, workspace_id: WorkspaceId) -> Event | None:
    """What its app printed last before it ended."""
    lines = [event for event in events.of_workspace(conn, workspace_id) if event.kind == "printed"]
    return lines[-1] if lines else None


def withheld(conn: Connection, owner: UserId) -> list[str]:
    """What its person brings into each of their workspaces and nobody else is to read: the values of their variables, and each line
    of those that have several, for a log is read line by line.
    """
    values = conn.execute(_WITHHELD, {"user": owner}).scalars().all()
    return [*values, *(line.strip() for value in values for line in value.splitlines())]


def coming(conn: Connection, pool: PoolName) -> set[Phase]:
    """The phases of what is on its way for those who wait: a pending one may still be put off, a starting one is under way."""
    return {Phase(phase) for phase in conn.execute(_COMING, {"pool": pool}).scalars()}
