"""What is known of a pool by those who wait for it: what is on its way, how much room there is, how its last starts went.

Read anew for everybody who waits, so it reads little.
"""

from typing import Final

import sqlalchemy as sa
from sqlalchemy import Connection

from carrel.domain.ids import HomeId, PoolName
from carrel.domain.queue import Coming, Queue, Share
from carrel.domain.workspace import Phase
from carrel.rules.causes import Delay
from carrel.store import pools, schema, troubles
from carrel.store.definitions import pool_from_json
from carrel.store.workspace_rows import COMING

LAST_STARTS: Final = 20

_p = schema.pools
_w = schema.workspaces
_pool = sa.bindparam("pool", type_=sa.Text())

_home = sa.bindparam("home", type_=sa.Text())

_POLICY = sa.select(_p.c.definition, _p.c.live).where(_p.c.name == _pool, _p.c.removed_at.is_(None))
_COMING = (
    sa.select(_w.c.id, _w.c.created_at, _w.c.phase, _w.c.phase_at, _w.c.endpoint_host, _w.c.home_id)
    .where(_w.c.pool == _pool, COMING)
    .order_by(sa.case((_w.c.home_id == _home, 0), else_=1), _w.c.created_at, _w.c.id)
    .limit(sa.bindparam("most", type_=sa.Integer()))
)


def seen_from(conn: Connection, pool: PoolName, place: int, home_id: HomeId | None = None) -> Queue:
    """As whoever stands at `place` (1 = next) and brings along that home needs to know it. A pool that was removed starts nothing."""
    found = conn.execute(_POLICY, {"pool": pool}).one_or_none()
    policy = None if found is None else pool_from_json(found.definition)
    trouble = troubles.newest(conn, pool)
    return Queue(
        limit=policy.limit if policy else 0,
        room=max(0, policy.limit - found.live) if policy and found else 0,
        coming=_coming(conn, pool, place, home_id),
        start_times=tuple(pools.start_times(conn, pool, LAST_STARTS)),
        is_failing=trouble is not None,
        is_unseen=trouble is not None and trouble.kind == Delay.UNSEEN,
        is_paused=policy is None or policy.paused,
    )


def _coming(conn: Connection, pool: PoolName, most: int, home_id: HomeId | None) -> tuple[Coming, ...]:
    rows = conn.execute(_COMING, {"pool": pool, "most": most, "home": home_id})
    return tuple(
        Coming(
            row.created_at,
            Phase(row.phase),
            row.phase_at,
            has_address=row.endpoint_host is not None,
            whose=_whose(row.home_id, home_id),
            id=row.id,
        )
        for row in rows
    )


def _whose(started_with: str | None, mine: HomeId | None) -> Share:
    if started_with is None:
        return Share.ANYBODYS
    return Share.MINE if started_with == mine else Share.ANOTHERS
