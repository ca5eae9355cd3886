"""Homes as they are looked at and looked after: each with where it is now, and which are to be measured or removed."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from carrel.domain.home import DELETED, Home, called
from carrel.domain.ids import ClaimId, HomeId, PoolName, UserId
from carrel.store import schema, users
from carrel.store.homes import home_from

_h = schema.homes
_c = schema.claims
_w = schema.workspaces
_id = sa.bindparam("home", type_=sa.Text())


def _moment(name: str) -> sa.BindParameter[datetime]:
    return sa.bindparam(name, type_=_h.c.created_at.type)


_LIVE_CLAIM = sa.and_(_c.c.home_id == _h.c.id, sa.text("claims.state <> 'released'"))
_READ = (
    sa.select(
        _h,
        _w.c.pool.label("workspace_pool"),
        _c.c.id.label("claim_id"),
        _c.c.pool.label("claim_pool"),
        _c.c.name.label("claim_name"),
    )
    .outerjoin_from(_h, _w, _w.c.id == _h.c.workspace_id)
    .outerjoin(_c, _LIVE_CLAIM)
)
_GET = _READ.where(_h.c.id == _id)
_OF_USER = _READ.where(_h.c.user_id == sa.bindparam("user")).order_by(_h.c.deleted_at, _h.c.name)
_COUNTS = sa.select(sa.func.count().label("whole"), sa.func.count(_h.c.deleted_at).label("deleted")).where(
    _h.c.user_id == sa.bindparam("user")
)

_NAMES = sa.select(_h.c.id, _h.c.name).where(_h.c.id.in_(sa.bindparam("homes", expanding=True)))

_IN_WORKSPACE = sa.exists().where(_w.c.home_id == _h.c.id)
_REMOVED = sa.literal(DELETED).concat(_h.c.id)
"""The name of a home whose removal has begun. Nobody can have it back by then, since some of its files may be gone."""
_OVER = sa.and_(_h.c.deleted_at <= _moment("before"), _h.c.workspace_id.is_(None))
_OTHERS = _h.c.id.not_in(sa.bindparam("left_out", expanding=True))
_REMOVABLE = (
    sa.select(_h)
    .where(_OVER, sa.or_(_h.c.place.is_not(None), ~_IN_WORKSPACE), _OTHERS)
    .order_by(_h.c.deleted_at, _h.c.id)
    .limit(sa.bindparam("most", type_=sa.Integer()))
)
_BEGIN = sa.update(_h).where(_h.c.id == _id, _OVER).values(name=_REMOVED).returning(_h.c.id)
_EMPTIED = sa.update(_h).where(_h.c.id == _id, _h.c.name == _REMOVED).values(place=sa.null())
_REMOVE = sa.delete(_h).where(_h.c.id == _id, _h.c.name == _REMOVED, ~_IN_WORKSPACE)
_STALE = sa.or_(
    _h.c.measured_at.is_(None),
    _h.c.measured_at < _moment("before"),
    sa.and_(_h.c.workspace_id.is_(None), _h.c.used_at > _h.c.measured_at),
)
_MEASURABLE = (
    sa.select(_h)
    .where(_h.c.deleted_at.is_(None), _h.c.place.in_(sa.bindparam("places", expanding=True)), _STALE)
    .where(_OTHERS)
    .order_by(_h.c.measured_at.nulls_first(), _h.c.id)
    .limit(sa.bindparam("most", type_=sa.Integer()))
)


@dataclass(frozen=True, slots=True)
class Placed:
    """A home, and what has it."""

    home: Home
    pool: PoolName | None = None
    """Of the workspace it is in, or of the claim that is to have it."""
    claim_id: ClaimId | None = None
    """The live claim that names it."""
    claim_name: str | None = None


@dataclass(frozen=True, slots=True)
class Count:
    kept: int
    deleted: int


def get(conn: Connection, home_id: HomeId) -> Placed | None:
    row = conn.execute(_GET, {"home": home_id}).one_or_none()
    return None if row is None else _placed(row)


def of_user(conn: Connection, user_id: UserId) -> list[Placed]:
    """By name; the deleted ones after them."""
    found = [_placed(row) for row in conn.execute(_OF_USER, {"user": user_id})]
    return sorted(found, key=lambda one: one.home.deleted_at is not None)


def names(conn: Connection, home_ids: Collection[HomeId]) -> dict[HomeId, str]:
    """What many are called, also deleted ones, in one statement; unknown ones are left out."""
    if not home_ids:
        return {}
    rows = conn.execute(_NAMES, {"homes": sorted(set(home_ids))})
    return {row.id: called(row.name) for row in rows}


def count(conn: Connection, user_id: UserId) -> Count:
    """Only in a transaction that writes: it stays true until that ends."""
    users.hold(conn, user_id)
    row = conn.execute(_COUNTS, {"user": user_id}).one()
    return Count(kept=row.whole - row.deleted, deleted=row.deleted)


def removable(
    conn: Connection, before: datetime, most: int, *, leave_out: Collection[HomeId] = ()
) -> list[Home]:
    """Deleted before then, and in no workspace."""
    given = {"before": before, "most": most, "left_out": sorted(leave_out)}
    return [home_from(row) for row in conn.execute(_REMOVABLE, given)]


def begin_removal(conn: Connection, home_id: HomeId, before: datetime) -> bool:
    """From here on it cannot be had back. False where it was, at this very moment."""
    return conn.execute(_BEGIN, {"home": home_id, "before": before}).one_or_none() is not None


def remove(conn: Connection, home_id: HomeId) -> bool:
    """Its row, after its files. False while the row of a former workspace names it: then it is written down that there are no files."""
    conn.execute(_EMPTIED, {"home": home_id})
    return conn.execute(_REMOVE, {"home": home_id}).rowcount > 0


def measurable(
    conn: Connection,
    places: Collection[str],
    before: datetime,
    most: int,
    *,
    leave_out: Collection[HomeId] = (),
) -> list[Home]:
    """At these places, and not measured since then, or not since they last came out of a workspace. Those never measured first."""
    given = {"places": sorted(places), "before": before, "most": most, "left_out": sorted(leave_out)}
    return [home_from(row) for row in conn.execute(_MEASURABLE, given)]


def _placed(row: Any) -> Placed:
    return Placed(
        home=home_from(row),
        pool=row.workspace_pool or row.claim_pool,
        claim_id=row.claim_id,
        claim_name=row.claim_name,
    )
