"""Workspaces as lists: filtered and sorted by the database, page by page, with what each belongs to in the same statement."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from carrel.domain.ids import WorkspaceId
from carrel.domain.page import Page
from carrel.domain.workspace import Desired, Phase
from carrel.domain.workspace_list import Census, Holding, Listed, Order, Sort, Wanted
from carrel.store import cursor, schema
from carrel.store.workspace_rows import workspace_from

_w = schema.workspaces
_u = schema.users
_LIFE: Final = {phase: number for number, phase in enumerate(Phase)}
_life = sa.case({phase.value: number for phase, number in _LIFE.items()}, value=_w.c.phase)
_live = sa.text("workspaces.phase <> 'gone'")
_claimed = sa.and_(_w.c.claim_id.is_not(None), _w.c.desired == Desired.RUNNING.value)
_warm = sa.and_(
    _w.c.claim_id.is_(None),
    _w.c.home_id.is_(None),
    _w.c.desired == Desired.RUNNING.value,
    _w.c.phase == Phase.READY.value,
)


@dataclass(frozen=True, slots=True)
class _Key:
    """What is sorted by: in the database, and read off a row for the cursor."""

    column: ColumnElement[Any]
    of: Callable[[Listed], object]
    read: Callable[[object], object]
    """From the cursor. Raises Invalid for what is not ours."""


def page(
    conn: Connection, wanted: Wanted, order: Order, after: str | None = None, limit: int = 50
) -> Page[Listed]:
    """What does not change between two pages is on exactly one of them, whatever others do meanwhile."""
    key = _key(order.by)
    query = (
        sa.select(_w, _u.c.name.label("owner_name"))
        .outerjoin_from(_w, _u, _u.c.id == _w.c.owner)
        .where(*_fitting(wanted))
        .order_by(key.column.is_(None), *_directed(order, key.column, _w.c.id))
        .limit(cursor.size(limit) + 1)
    )
    if wanted.phases is not None:
        query = query.where(_w.c.phase.in_(sorted(phase.value for phase in wanted.phases)))
    if wanted.holding is not None:
        query = query.where(_warm if wanted.holding is Holding.WARM else _claimed)
    if after is not None:
        query = query.where(_beyond(order, key, after))
    rows = [Listed(workspace_from(row), row.owner_name) for row in conn.execute(query)]
    return cursor.page_of(rows, limit, lambda row: (_name(order), key.of(row), row.workspace.id))


def some(conn: Connection, ids: Collection[WorkspaceId]) -> list[Listed]:
    """Those of them that there are, the oldest first."""
    query = (
        sa.select(_w, _u.c.name.label("owner_name"))
        .outerjoin_from(_w, _u, _u.c.id == _w.c.owner)
        .where(_w.c.id.in_(sorted(set(ids))))
        .order_by(_w.c.created_at, _w.c.id)
    )
    return [Listed(workspace_from(row), row.owner_name) for row in conn.execute(query)]


def census(conn: Connection, wanted: Wanted) -> Census:
    """Of the live ones alone: how many there ever were is no question for every page."""
    query = (
        sa.select(
            _w.c.phase,
            sa.func.count().label("many"),
            sa.func.sum(sa.case((_warm, 1), else_=0)).label("warm"),
            sa.func.sum(sa.case((_claimed, 1), else_=0)).label("claimed"),
        )
        .outerjoin_from(_w, _u, _u.c.id == _w.c.owner)
        .where(_live, *_fitting(wanted))
        .group_by(_w.c.phase)
    )
    rows = conn.execute(query).all()
    return Census(
        phases={Phase(row.phase): row.many for row in rows},
        warm=sum(row.warm for row in rows),
        claimed=sum(row.claimed for row in rows),
    )


def _fitting(wanted: Wanted) -> list[ColumnElement[bool]]:
    """All that `census` asks for too."""
    found: list[ColumnElement[bool]] = []
    if wanted.owner is not None:
        found.append(_w.c.owner == wanted.owner)
    if wanted.owner_name:
        found.append(_u.c.name.startswith(wanted.owner_name.casefold(), autoescape=True))
    if wanted.pool is not None:
        found.append(_w.c.pool == wanted.pool)
    if wanted.text:
        found.append(_holds(wanted.text.casefold()))
    return found


def _holds(text: str) -> ColumnElement[bool]:
    places = (_w.c.id, _w.c.pool, _w.c.template, _w.c.backend, _u.c.name, sa.func.lower(_w.c.reason))
    return sa.or_(*(place.contains(text, autoescape=True) for place in places))


def _key(by: Sort) -> _Key:
    match by:
        case Sort.CREATED_AT:
            return _Key(_w.c.created_at, lambda row: row.workspace.created_at, cursor.moment)
        case Sort.OWNER:
            return _Key(_u.c.name, lambda row: row.owner_name, cursor.text)
        case Sort.POOL:
            return _Key(_w.c.pool, lambda row: row.workspace.pool, cursor.text)
        case Sort.PHASE:
            return _Key(_life, lambda row: _LIFE[row.workspace.phase], cursor.whole)
        case Sort.LAST_ACTIVE_AT:
            return _Key(_w.c.last_active_at, lambda row: row.workspace.last_active_at, cursor.moment)
        case Sort.STOPS_AT:
            return _Key(_w.c.stops_at, lambda row: row.workspace.stops_at, cursor.moment)


def _directed(order: Order, *columns: ColumnElement[Any]) -> list[ColumnElement[Any]]:
    return [column.desc() if order.is_descending else column.asc() for column in columns]


def _beyond(order: Order, key: _Key, after: str) -> ColumnElement[bool]:
    value, last = cursor.place(after, _name(order), key.read)
    column = key.column
    is_later = _w.c.id < last if order.is_descending else _w.c.id > last
    if value is None:
        return sa.and_(column.is_(None), is_later)
    is_further = column < value if order.is_descending else column > value
    return sa.or_(column.is_(None), is_further, sa.and_(column == value, is_later))


def _name(order: Order) -> str:
    return f"{'-' if order.is_descending else ''}{order.by.value}"
