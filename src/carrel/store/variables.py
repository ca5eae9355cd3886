"""The variables and secrets people keep for their workspaces. Values leave here only to be delivered, or to be kept out of what is shown."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from carrel.domain.ids import UserId
from carrel.domain.variable import Variable
from carrel.store import schema, users
from carrel.store.upsert import PerEngine

_v = schema.variables
_of_user = _v.c.user_id == sa.bindparam("user")

_NAMES = sa.select(_v.c.name, _v.c.changed_at).where(_of_user).order_by(_v.c.name)
_VALUES = sa.select(_v.c.name, _v.c.value).where(_of_user)
_DELETE = sa.delete(_v).where(_of_user, _v.c.name == sa.bindparam("called"))
_PUT = PerEngine(
    _v,
    lambda insert: insert.on_conflict_do_update(
        index_elements=[_v.c.user_id, _v.c.name],
        set_={"value": insert.excluded.value, "changed_at": insert.excluded.changed_at},
    ),
)


def of_user(conn: Connection, user_id: UserId) -> list[Variable]:
    """By name, without values."""
    return [Variable(row.name, row.changed_at) for row in conn.execute(_NAMES, {"user": user_id})]


def values(conn: Connection, user_id: UserId) -> dict[str, str]:
    """To be delivered to that very person, and to be kept out of what others are shown."""
    return {row.name: row.value for row in conn.execute(_VALUES, {"user": user_id})}


def put(
    conn: Connection, user_id: UserId, name: str, value: str, now: datetime, *, most: int
) -> Variable | None:
    """None where they have `most` others already."""
    users.hold(conn, user_id)  # two who add one at the same time see each other's
    if len({one.name for one in of_user(conn, user_id)} - {name}) >= most:
        return None
    conn.execute(_PUT.on(conn), {"user_id": user_id, "name": name, "value": value, "changed_at": now})
    return Variable(name, now)


def delete(conn: Connection, user_id: UserId, name: str) -> bool:
    """Whether there was one."""
    return conn.execute(_DELETE, {"user": user_id, "called": name}).rowcount > 0
