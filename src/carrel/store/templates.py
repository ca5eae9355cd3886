"""Templates: every version ever used, and which one is current."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from carrel.domain.ids import TemplateName
from carrel.domain.template import Template
from carrel.store import schema
from carrel.store.definitions import template_from_json, template_to_json
from carrel.store.upsert import PerEngine

Version = tuple[TemplateName, str]

_t = schema.templates
_v = schema.template_versions

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


def every(conn: Connection) -> list[Template]:
    """The current versions of those that are offered."""
    return [template_from_json(found) for found in conn.execute(_EVERY).scalars()]


def retire(conn: Connection, name: TemplateName) -> None:
    conn.execute(_RETIRE, {"called": name})
