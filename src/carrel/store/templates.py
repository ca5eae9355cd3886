"""Templates: every version ever used, and which one is current."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from carrel.domain.ids import PoolName, TemplateName
from carrel.domain.template import Template
from carrel.domain.workspace import Desired, Phase
from carrel.store import schema
from carrel.store.definitions import template_from_json, template_to_json
from carrel.store.upsert import PerEngine

Version = tuple[TemplateName, str]


@dataclass(frozen=True, slots=True)
class Kept:
    """One version, and what still runs from it."""

    template: Template
    created_at: datetime
    """When it was first used; going back to it does not change that."""
    is_current: bool
    warm: int = 0
    claimed: int = 0
    others: int = 0
    """Those that are starting or on their way out."""


_t = schema.templates
_v = schema.template_versions
_w = schema.workspaces
_p = schema.pools

_KEEP = PerEngine(_v, lambda insert: insert.on_conflict_do_nothing())
_PUT = PerEngine(
    _t,
    lambda insert: insert.on_conflict_do_update(
        index_elements=[_t.c.name],
        set_={name: insert.excluded[name] for name in ("version", "is_offered", "changed_at")},
    ),
)
_current = (
    sa.select(_v.c.definition)
    .join_from(_t, _v, sa.and_(_v.c.name == _t.c.name, _v.c.version == _t.c.version))
    .where(_t.c.is_offered)
)
_GET = _current.where(_t.c.name == sa.bindparam("called"))
_EVERY = _current.order_by(_t.c.name)
_VERSION = sa.select(_v.c.definition).where(
    _v.c.name == sa.bindparam("called"), _v.c.version == sa.bindparam("at_version")
)
_VERSIONS = sa.select(_v.c.definition).where(
    sa.tuple_(_v.c.name, _v.c.version).in_(sa.bindparam("wanted", expanding=True))
)
_CURRENT = (
    sa.select(_t.c.version).where(_t.c.name == sa.bindparam("called"), _t.c.is_offered).with_for_update()
)
_HISTORY = (
    sa.select(_v.c.definition, _v.c.created_at, (_v.c.version == _t.c.version).label("is_current"))
    .join_from(_v, _t, _v.c.name == _t.c.name)
    .where(_v.c.name == sa.bindparam("called"), _t.c.is_offered)
    .order_by(sa.desc("is_current"), _v.c.created_at.desc(), _v.c.version)
    .limit(sa.bindparam("most", type_=sa.Integer()))
)
_is_held = sa.and_(_w.c.claim_id.is_not(None), _w.c.desired == Desired.RUNNING)
_is_warm = sa.and_(_w.c.claim_id.is_(None), _w.c.desired == Desired.RUNNING, _w.c.phase == Phase.READY)
_RUNNING = (
    sa.select(
        _w.c.template_version,
        sa.func.count().label("all"),
        sa.func.count(sa.case((_is_warm, 1))).label("warm"),
        sa.func.count(sa.case((_is_held, 1))).label("claimed"),
    )
    .where(_w.c.template == sa.bindparam("called"), _w.c.phase != Phase.GONE)
    .group_by(_w.c.template_version)
)
_STARTED = (
    sa.select(_p.c.name.label("pool"), _t.c.name, _t.c.version)
    .join_from(_p, _t, _t.c.name == _p.c.definition["template"].as_string())
    .where(_t.c.is_offered)
)
_RETIRE = sa.update(_t).where(_t.c.name == sa.bindparam("called")).values(is_offered=False)


def put(conn: Connection, template: Template, now: datetime) -> None:
    """Makes this version current and offered. A version, once written, is never changed: its name is its digest."""
    version = {"name": template.name, "version": template.version}
    conn.execute(_KEEP.on(conn), {**version, "definition": template_to_json(template), "created_at": now})
    conn.execute(_PUT.on(conn), {**version, "is_offered": True, "changed_at": now})


def get(conn: Connection, name: TemplateName, version: str | None = None) -> Template | None:
    """The current version, unless it is retired; or that very version, retired or not: what runs from it must stay known."""
    if version is None:
        found = conn.execute(_GET, {"called": name}).scalar_one_or_none()
    else:
        found = conn.execute(_VERSION, {"called": name, "at_version": version}).scalar_one_or_none()
    return None if found is None else template_from_json(found)


def versions(conn: Connection, wanted: Collection[Version]) -> dict[Version, Template]:
    """Many at once, in one statement; unknown ones are left out."""
    if not wanted:
        return {}
    found = conn.execute(_VERSIONS, {"wanted": sorted(set(wanted))}).scalars()
    return {(template.name, template.version): template for template in map(template_from_json, found)}


def hold(conn: Connection, name: TemplateName) -> Template | None:
    """As `get`, and nobody else changes which version is current until this transaction is over."""
    version = conn.execute(_CURRENT, {"called": name}).scalar_one_or_none()
    return None if version is None else get(conn, name, version)


def history(conn: Connection, name: TemplateName, most: int) -> list[Kept]:
    """The current version, then the others, newest first; none where it is not offered."""
    running = {row.template_version: row for row in conn.execute(_RUNNING, {"called": name})}
    return [_kept(row, running) for row in conn.execute(_HISTORY, {"called": name, "most": most})]


def _kept(row: Row[Any], running: Mapping[str, Row[Any]]) -> Kept:
    template = template_from_json(row.definition)
    many = running.get(template.version)
    if many is None:
        return Kept(template, row.created_at, bool(row.is_current))
    others = many.all - many.warm - many.claimed
    return Kept(template, row.created_at, bool(row.is_current), many.warm, many.claimed, others)


def every(conn: Connection) -> list[Template]:
    """The current versions of those that are offered."""
    return [template_from_json(found) for found in conn.execute(_EVERY).scalars()]


def started(conn: Connection, pool: PoolName | None = None) -> dict[PoolName, Version]:
    """What each pool, or that one, starts now; those whose template is no longer offered are left out."""
    wanted = _STARTED if pool is None else _STARTED.where(_p.c.name == pool)
    return {row.pool: (row.name, row.version) for row in conn.execute(wanted)}


def retire(conn: Connection, name: TemplateName) -> None:
    conn.execute(_RETIRE, {"called": name})
