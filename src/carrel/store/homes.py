"""Homes: which there are and whose. The files themselves are the drivers' business."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from carrel.domain.home import Home
from carrel.domain.ids import HomeId, UserId
from carrel.store import schema
from carrel.store.upsert import PerEngine

_h = schema.homes
_KEEP = PerEngine(_h, lambda insert: insert.on_conflict_do_nothing())
_NAMED = sa.select(_h).where(_h.c.user_id == sa.bindparam("user"), _h.c.name == sa.bindparam("called"))
_OF_USER = sa.select(_h).where(_h.c.user_id == sa.bindparam("user")).order_by(_h.c.name)


def ensure(conn: Connection, candidate: HomeId, user_id: UserId, name: str, now: datetime) -> Home:
    """The person's home of that name; the candidate becomes its id the first time."""
    named = {"user": user_id, "called": name}
    found = conn.execute(_NAMED, named).one_or_none()
    if found is None:
        row = {"id": candidate, "user_id": user_id, "name": name, "created_at": now}
        conn.execute(_KEEP.on(conn), row)
        found = conn.execute(_NAMED, named).one()
    return _home(found)


def of_user(conn: Connection, user_id: UserId) -> list[Home]:
    return [_home(row) for row in conn.execute(_OF_USER, {"user": user_id})]


def _home(row: Any) -> Home:
    return Home(
        id=row.id,
        user_id=row.user_id,
        name=row.name,
        created_at=row.created_at,
        place=row.place,
        workspace_id=row.workspace_id,
        used_at=row.used_at,
        size_bytes=row.size_bytes,
        measured_at=row.measured_at,
        deleted_at=row.deleted_at,
    )
