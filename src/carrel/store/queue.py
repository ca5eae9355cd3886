"""What is known of a pool by those who wait for it: what is on its way, how much room there is, how its last starts went.

Read anew for everybody who waits, so it reads little.
"""

from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy import Connection

from carrel.domain.ids import PoolName
from carrel.domain.queue import Coming, Queue
from carrel.domain.reason import ReasonCode
from carrel.domain.workspace import Desired, Phase
from carrel.store import pools, schema
from carrel.store.definitions import pool_from_json

LAST_STARTS: Final = 20
REMEMBERED: Final = timedelta(hours=3)
"""A start that failed longer ago says nothing about the next one."""

_MEANT: Final = (ReasonCode.SURPLUS, ReasonCode.OUTDATED, ReasonCode.STOPPED_BY_ADMIN, ReasonCode.RELEASED)
"""Why one may end before it was ever ready without anything being wrong."""

_p = schema.pools
_w = schema.workspaces
_pool = sa.bindparam("pool", type_=sa.Text())

_POLICY = sa.select(_p.c.definition, _p.c.live).where(_p.c.name == _pool, _p.c.removed_at.is_(None))
_COMING = (
    sa.select(_w.c.created_at, _w.c.phase, _w.c.phase_at, _w.c.endpoint_host)
    .where(
        _w.c.pool == _pool,
        sa.text("phase <> 'gone'"),
        _w.c.phase.in_([sa.literal_column(f"'{phase}'") for phase in (Phase.PENDING, Phase.STARTING)]),
        _w.c.claim_id.is_(None),
        _w.c.desired == Desired.RUNNING.value,
    )
    .order_by(_w.c.created_at, _w.c.id)
    .limit(sa.bindparam("most", type_=sa.Integer()))
)
_CAME_UP = (
    sa.select(_w.c.created_at)
    .where(_w.c.pool == _pool, _w.c.ready_at.is_not(None))
    .order_by(_w.c.ready_at.desc())
    .limit(1)
)
_FAILED_SINCE = sa.select(
    sa.exists()
    .where(_w.c.created_at > sa.bindparam("since", type_=_w.c.created_at.type), _w.c.ready_at.is_(None))
    .where(_w.c.pool.concat("") == _pool, _w.c.reason_code.not_in(sorted(code.value for code in _MEANT)))
)
"""The empty text keeps the database from reading all that ever failed in the pool: by time there are only a few."""


def seen_from(conn: Connection, pool: PoolName, place: int, now: datetime) -> Queue:
    """As whoever stands at `place` (1 = next) needs to know it. A pool that was removed starts nothing."""
    found = conn.execute(_POLICY, {"pool": pool}).one_or_none()
    policy = None if found is None else pool_from_json(found.definition)
    return Queue(
        limit=policy.limit if policy else 0,
        room=max(0, policy.limit - found.live) if policy and found else 0,
        coming=_coming(conn, pool, place),
        start_times=tuple(pools.start_times(conn, pool, LAST_STARTS)),
        is_failing=_is_failing(conn, pool, now),
        is_paused=policy is None or policy.paused,
    )


def _coming(conn: Connection, pool: PoolName, most: int) -> tuple[Coming, ...]:
    rows = conn.execute(_COMING, {"pool": pool, "most": most})
    return tuple(
        Coming(row.created_at, Phase(row.phase), row.phase_at, has_address=row.endpoint_host is not None)
        for row in rows
    )


def _is_failing(conn: Connection, pool: PoolName, now: datetime) -> bool:
    came_up: datetime | None = conn.execute(_CAME_UP, {"pool": pool}).scalar_one_or_none()
    since = max(came_up or now - REMEMBERED, now - REMEMBERED)
    return bool(conn.execute(_FAILED_SINCE, {"pool": pool, "since": since}).scalar_one())
