"""How full the pools were, minute by minute. Says nothing about who writes them, or when."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection

from carrel.domain.ids import PoolName
from carrel.domain.sample import Sample, Span
from carrel.rules.pace import PROVEN_AFTER
from carrel.store import pools, schema
from carrel.store.upsert import PerEngine

_s = schema.samples
_w = schema.workspaces
_e = schema.events

MINUTE: Final = timedelta(minutes=1)
LONGEST_GAP: Final = timedelta(minutes=10)
"""A pool's last sample is not looked for further back than this: what failed then belongs to no minute that is plotted now."""

_ADD = PerEngine(_s, lambda insert: insert.on_conflict_do_nothing().returning(_s.c.pool))
_FORGET = sa.delete(_s).where(_s.c.at < sa.bindparam("before", type_=_s.c.at.type))

_since = sa.bindparam("since", type_=_s.c.at.type)
_LAST = sa.select(_s.c.pool, sa.func.max(_s.c.at).label("at")).where(_s.c.at >= _since).group_by(_s.c.pool)
_FAILED = (
    sa.select(_w.c.pool, _w.c.ready_at, _e.c.at)
    .select_from(_w.join(_e, _e.c.subject == _w.c.id))
    .where(_e.c.kind == "failed", _e.c.at > _since, _e.c.at <= sa.bindparam("until", type_=_e.c.at.type))
)
_FAILURES = (
    _FAILED.where(sa.text("workspaces.phase <> 'gone' AND workspaces.phase IN ('failed', 'stopping')")),
    _FAILED.where(_w.c.gone_at > _since),
)
"""Whoever failed since then is on its way out, or went since then: both are found by an index, and exclude each other."""

_PREFIX = {Span.HOURS: 16, Span.DAY: 15, Span.WEEK: 13}
"""How much of "2026-01-31 23:59" names the minutes that are joined: each, ten, an hour."""


def _joined(width: int) -> sa.Select[Any]:
    bucket = sa.func.substr(sa.cast(_s.c.at, sa.Text()), 1, width)
    return (
        sa.select(
            _s.c.pool,
            sa.func.min(_s.c.at).label("at"),
            sa.func.min(_s.c.ready).label("ready"),
            sa.func.max(_s.c.starting).label("starting"),
            sa.func.max(_s.c.claimed).label("claimed"),
            sa.func.max(_s.c.waiting).label("waiting"),
            sa.func.sum(_s.c.failed).label("failed"),
        )
        .where(_s.c.at > _since)
        .group_by(_s.c.pool, bucket)
        .order_by(_s.c.pool, sa.text("at"))
    )


_JOINED = {span: _joined(width) for span, width in _PREFIX.items()}


def take(conn: Connection, at: datetime) -> int:
    """One sample of every offered pool for the minute of `at`; how many were new. Several replicas may try: the first is kept."""
    minute = at.replace(second=0, microsecond=0)
    counts = pools.counts(conn)
    failed = _failed(conn, minute)
    taken = 0
    for pool in pools.every(conn):
        found = counts.get(pool.name, pools.Counts())
        sample = Sample(
            pool.name,
            minute,
            found.ready,
            found.starting,
            found.claimed,
            found.waiting,
            failed.get(pool.name, 0),
        )
        taken += add(conn, sample)
    return taken


def add(conn: Connection, sample: Sample) -> bool:
    """False, and nothing written, where this pool has one of that minute."""
    row = {
        "pool": sample.pool,
        "at": sample.at,
        "ready": sample.ready,
        "starting": sample.starting,
        "claimed": sample.claimed,
        "waiting": sample.waiting,
        "failed": sample.failed,
    }
    return conn.execute(_ADD.on(conn), row).one_or_none() is not None


def recent(
    conn: Connection, since: datetime, span: Span, pool: PoolName | None = None
) -> dict[PoolName, list[Sample]]:
    """By pool, oldest first; the samples of a long span are joined, so that it is never more than some 180 of a pool."""
    query = _JOINED[span] if pool is None else _JOINED[span].where(_s.c.pool == pool)
    found: defaultdict[PoolName, list[Sample]] = defaultdict(list)
    for row in conn.execute(query, {"since": since}):
        found[row.pool].append(
            Sample(row.pool, row.at, row.ready, row.starting, row.claimed, row.waiting, int(row.failed))
        )
    return dict(found)


def forget(conn: Connection, before: datetime) -> None:
    conn.execute(_FORGET, {"before": before})


def _failed(conn: Connection, until: datetime) -> Mapping[PoolName, int]:
    """Starts that failed since each pool's last sample: those that never were ready, or not for long enough to count as started."""
    since = until - LONGEST_GAP
    last: dict[PoolName, datetime] = {row.pool: row.at for row in conn.execute(_LAST, {"since": since})}
    found: defaultdict[PoolName, int] = defaultdict(int)
    for row in _rows(conn, since, until):
        was_start = row.ready_at is None or row.at - row.ready_at < PROVEN_AFTER
        if was_start and row.at > last.get(row.pool, until - MINUTE):
            found[row.pool] += 1
    return found


def _rows(conn: Connection, since: datetime, until: datetime) -> Sequence[Any]:
    given = {"since": since, "until": until}
    return [row for query in _FAILURES for row in conn.execute(query, given)]
