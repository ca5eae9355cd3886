"""Pools: their policies, the counter of what lives in each, and how long its starts took."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from carrel.domain.ids import PoolName
from carrel.domain.pool import Pool
from carrel.rules.policy import in_force
from carrel.store import schema
from carrel.store.definitions import pool_from_json, pool_to_json
from carrel.store.upsert import PerEngine

_p = schema.pools
_w = schema.workspaces
_c = schema.claims
_name = sa.bindparam("pool", type_=sa.Text())

_CHANGEABLE = ("definition", "live_limit", "changed_at", "removed_at")
_PUT = PerEngine(
    _p,
    lambda insert: insert.on_conflict_do_update(
        index_elements=[_p.c.name], set_={name: insert.excluded[name] for name in _CHANGEABLE}
    ),
)
_GET = sa.select(_p.c.definition).where(_p.c.name == _name, _p.c.removed_at.is_(None))
_HOLD = _GET.with_for_update(key_share=True)
_EVERY = sa.select(_p.c.definition).where(_p.c.removed_at.is_(None)).order_by(_p.c.name)
_RECONCILED = (
    sa.select(_p.c.definition, _p.c.removed_at)
    .where(
        sa.or_(
            _p.c.removed_at.is_(None),
            _p.c.live > 0,
            sa.exists().where(_c.c.pool == _p.c.name, sa.text("claims.state <> 'released'")),
        )
    )
    .order_by(_p.c.name)
)
_REMOVE = (
    sa.update(_p)
    .where(_p.c.name == _name, _p.c.removed_at.is_(None))
    .values(removed_at=sa.bindparam("now"), changed_at=sa.bindparam("now"))
)
_LIVE = sa.select(_p.c.live).where(_p.c.name == _name)
_NAMES = sa.select(_p.c.name).order_by(_p.c.name)
_GROUPS = (
    sa.select(
        _w.c.pool,
        _w.c.phase,
        _w.c.desired,
        _w.c.claim_id.is_not(None).label("is_claimed"),
        _w.c.home_id.is_not(None).label("has_home"),
        sa.func.count().label("many"),
    )
    .where(sa.text("phase <> 'gone'"))
    .group_by(_w.c.pool, _w.c.phase, _w.c.desired, sa.text("is_claimed"), sa.text("has_home"))
)
_WAITING = (
    sa.select(_c.c.pool, sa.func.count().label("many"))
    .where(sa.text("claims.state = 'waiting'"))
    .group_by(_c.c.pool)
)
_STARTS = (
    sa.select(_w.c.created_at, _w.c.ready_at)
    .where(_w.c.pool == _name, _w.c.ready_at.is_not(None))
    .order_by(_w.c.ready_at.desc())
    .limit(sa.bindparam("last", type_=sa.Integer()))
)


@dataclass(frozen=True, slots=True)
class Counts:
    """Each live workspace is counted in exactly one of the first five."""

    ready: int = 0
    """Warm: whoever asks now gets one."""
    starting: int = 0
    claimed: int = 0
    stopping: int = 0
    failed: int = 0
    waiting: int = 0
    """People, not workspaces."""

    @property
    def live(self) -> int:
        """All that count against the limit."""
        return self.ready + self.starting + self.claimed + self.stopping + self.failed


def put(conn: Connection, pool: Pool, now: datetime) -> None:
    """New, changed or offered again; what lives in it stays counted."""
    row = {
        "name": pool.name,
        "definition": pool_to_json(pool),
        "live_limit": pool.limit,
        "live": 0,
        "created_at": now,
        "changed_at": now,
        "removed_at": None,
    }
    conn.execute(_PUT.on(conn), row)


def get(conn: Connection, name: PoolName) -> Pool | None:
    """None for one that was removed."""
    found = conn.execute(_GET, {"pool": name}).scalar_one_or_none()
    return None if found is None else pool_from_json(found)


def hold(conn: Connection, name: PoolName) -> Pool | None:
    """As `get`, and nobody else changes it until this transaction is over."""
    found = conn.execute(_HOLD, {"pool": name}).scalar_one_or_none()
    return None if found is None else pool_from_json(found)


def every(conn: Connection) -> list[Pool]:
    return [pool_from_json(found) for found in conn.execute(_EVERY).scalars()]


def reconciled(conn: Connection) -> list[Pool]:
    """Offered ones, and removed ones until their last workspace and claim are over, each with the policy that is in force."""
    return [_as_reconciled(row) for row in conn.execute(_RECONCILED)]


def _as_reconciled(row: Any) -> Pool:
    return in_force(pool_from_json(row.definition), is_offered=row.removed_at is None)


def remove(conn: Connection, name: PoolName, now: datetime) -> None:
    """Nothing new is started or claimed in it; what runs is the reconciler's to end."""
    conn.execute(_REMOVE, {"pool": name, "now": now})


def live(conn: Connection, name: PoolName) -> int:
    found: int | None = conn.execute(_LIVE, {"pool": name}).scalar_one_or_none()
    return found or 0


def counts(conn: Connection) -> dict[PoolName, Counts]:
    """For every pool there ever was, in two queries."""
    found: dict[PoolName, dict[str, int]] = {PoolName(name): {} for name in conn.execute(_NAMES).scalars()}
    for row in conn.execute(_GROUPS):
        column = _column(row.phase, row.desired, is_claimed=bool(row.is_claimed), has_home=bool(row.has_home))
        found[row.pool][column] = found[row.pool].get(column, 0) + row.many
    for row in conn.execute(_WAITING):
        found[row.pool]["waiting"] = row.many
    return {name: Counts(**numbers) for name, numbers in found.items()}


def _column(phase: str, desired: str, *, is_claimed: bool, has_home: bool) -> str:
    """What is ready with somebody's files in it is on its way to that person."""
    if phase == "failed":
        return "failed"
    if phase == "stopping" or desired == "gone":
        return "stopping"
    if is_claimed:
        return "claimed"
    if has_home:
        return "starting"
    return {"ready": "ready", "draining": "stopping"}.get(phase, "starting")


def start_times(conn: Connection, name: PoolName, last: int = 20) -> list[timedelta]:
    """From asked for to ready, the newest first."""
    return [row.ready_at - row.created_at for row in conn.execute(_STARTS, {"pool": name, "last": last})]
