"""People, and how they prove who they are. A password is one of their identities; its hash never leaves here with the person."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from carrel.domain.account import User
from carrel.domain.actor import Role
from carrel.domain.errors import Conflict
from carrel.domain.ids import UserId
from carrel.domain.page import Page
from carrel.store import cursor, schema
from carrel.store.upsert import PerEngine

_u = schema.users
_i = schema.identities
_id = sa.bindparam("user", type_=sa.Text())

_PASSWORD = "password"  # noqa: S105 - the name of a provider of identities
_LABELLED = [column.label(f"user_{column.name}") for column in _u.c]

_INSERT = PerEngine(_u, lambda insert: insert.on_conflict_do_nothing().returning(_u.c.id))
_GET = sa.select(*_LABELLED).where(_u.c.id == _id)
_HOLD = sa.select(_u.c.id).where(_u.c.id == _id).with_for_update(key_share=True)
_BY_NAME = sa.select(*_LABELLED).where(_u.c.name == sa.bindparam("called"))
_COUNT = sa.select(sa.func.count()).select_from(_u)
_DISABLE = (
    sa.update(_u)
    .where(_u.c.id == _id)
    .values(disabled_at=sa.func.coalesce(_u.c.disabled_at, sa.bindparam("now")))
)
_ENABLE = sa.update(_u).where(_u.c.id == _id).values(disabled_at=sa.null())
_END_SESSIONS = (
    sa.update(schema.sessions)
    .where(schema.sessions.c.user_id == _id, schema.sessions.c.ended_at.is_(None))
    .values(ended_at=sa.bindparam("now"))
)
_REVOKE_TOKENS = (
    sa.update(schema.tokens)
    .where(schema.tokens.c.user_id == _id, schema.tokens.c.revoked_at.is_(None))
    .values(revoked_at=sa.bindparam("now"))
)
_NAMES = sa.select(_u.c.id, _u.c.name).where(_u.c.id.in_(sa.bindparam("users", expanding=True)))
_w = schema.workspaces
_LIVE = (
    sa.select(sa.func.count())
    .where(_w.c.owner == _u.c.id, sa.text("phase <> 'gone'"))
    .correlate(_u)
    .scalar_subquery()
    .label("live")
)
_ADMINS = (
    sa.select(_u.c.id)
    .where(_u.c.role == Role.ADMIN.value, _u.c.disabled_at.is_(None))
    .order_by(_u.c.id)
    .with_for_update()
)
_SET_DISPLAY_NAME = sa.update(_u).where(_u.c.id == _id).values(display_name=sa.bindparam("called"))
_SET_EMAIL = sa.update(_u).where(_u.c.id == _id).values(email=sa.bindparam("address"))
_DROP_PASSWORD = sa.delete(_i).where(_i.c.user_id == _id, _i.c.provider == _PASSWORD)
_HAS_PASSWORD = sa.select(_i.c.user_id).where(_i.c.user_id == _id, _i.c.provider == _PASSWORD)
_SET_ROLE = sa.update(_u).where(_u.c.id == _id).values(role=sa.bindparam("new_role"))
_SEEN = sa.update(_u).where(_u.c.id == _id).values(last_seen_at=sa.bindparam("now"))
_PUT_PASSWORD = PerEngine(
    _i,
    lambda insert: insert.on_conflict_do_update(
        index_elements=[_i.c.provider, _i.c.subject], set_={"credential": insert.excluded.credential}
    ),
)
_PASSWORD_OF = (
    sa.select(*_LABELLED, _i.c.credential)
    .join_from(_u, _i, _i.c.user_id == _u.c.id)
    .where(_u.c.name == sa.bindparam("called"), _i.c.provider == _PASSWORD)
)


def user_columns() -> list[sa.Label[Any]]:
    """A person's columns, named so that they fit beside another table's in one row."""
    return list(_LABELLED)


def user_from(row: Any) -> User:
    return User(
        id=row.user_id,
        name=row.user_name,
        display_name=row.user_display_name,
        role=Role(row.user_role),
        created_at=row.user_created_at,
        disabled_at=row.user_disabled_at,
        last_seen_at=row.user_last_seen_at,
        email=row.user_email,
    )


def add(conn: Connection, user: User) -> None:
    """Raises Conflict when somebody has that name."""
    row = {
        "id": user.id,
        "name": user.name,
        "display_name": user.display_name,
        "role": user.role.value,
        "created_at": user.created_at,
        "disabled_at": user.disabled_at,
        "last_seen_at": user.last_seen_at,
        "email": user.email,
    }
    if conn.execute(_INSERT.on(conn), row).one_or_none() is None:
        raise Conflict(f"There is already somebody called {user.name[:60]!r}. Choose another name.")


def get(conn: Connection, user_id: UserId) -> User | None:
    return _one(conn.execute(_GET, {"user": user_id}))


def hold(conn: Connection, user_id: UserId) -> None:
    """Whoever holds the same person waits until this transaction ends, and sees what it wrote. Others may go on naming them in rows."""
    conn.execute(_HOLD, {"user": user_id})


def by_name(conn: Connection, name: str) -> User | None:
    return _one(conn.execute(_BY_NAME, {"called": name}))


def page(
    conn: Connection,
    *,
    name: str | None = None,
    text: str | None = None,
    role: Role | None = None,
    is_disabled: bool | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[User]:
    """By name. `text`: how their name begins, or stands somewhere in how they are called. Both in the one spelling of names."""
    query = sa.select(*_LABELLED).where(*_fitting(name, text, role, is_disabled))
    rows = [user_from(row) for row in conn.execute(_by_name(query, after, limit))]
    return cursor.page_of(rows, limit, lambda user: (user.name,))


def with_live(
    conn: Connection,
    *,
    text: str | None = None,
    role: Role | None = None,
    is_disabled: bool | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[tuple[User, int]]:
    """As `page`, each with how many workspaces they have that are not gone."""
    query = sa.select(*_LABELLED, _LIVE).where(*_fitting(None, text, role, is_disabled))
    rows = [(user_from(row), row.live) for row in conn.execute(_by_name(query, after, limit))]
    return cursor.page_of(rows, limit, lambda pair: (pair[0].name,))


def _fitting(
    name: str | None, text: str | None, role: Role | None, is_disabled: bool | None
) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if name is not None:
        found.append(_u.c.name == name)
    if text:
        called = sa.func.lower(_u.c.display_name).contains(text, autoescape=True)
        found.append(sa.or_(_u.c.name.startswith(text, autoescape=True), called))
    if role is not None:
        found.append(_u.c.role == role.value)
    if is_disabled is not None:
        found.append(_u.c.disabled_at.is_not(None) if is_disabled else _u.c.disabled_at.is_(None))
    return found


def _by_name(query: sa.Select[Any], after: str | None, limit: int) -> sa.Select[Any]:
    if after is not None:
        query = query.where(_u.c.name > cursor.word(after))
    return query.order_by(_u.c.name).limit(cursor.size(limit) + 1)


def names(conn: Connection, user_ids: Collection[UserId]) -> dict[UserId, str]:
    """What many are called, in one statement; unknown ones are left out."""
    if not user_ids:
        return {}
    return {row.id: row.name for row in conn.execute(_NAMES, {"users": sorted(set(user_ids))})}


def admins(conn: Connection) -> list[UserId]:
    """Those who can act. In a transaction that writes, nobody else makes or unmakes one until it ends."""
    return list(conn.execute(_ADMINS).scalars())


def count(conn: Connection) -> int:
    found: int = conn.execute(_COUNT).scalar_one()
    return found


def disable(conn: Connection, user_id: UserId, now: datetime) -> User | None:
    """Their sessions end and their tokens are revoked with it; claims and homes are left alone."""
    given = {"user": user_id, "now": now}
    conn.execute(_DISABLE, given)
    conn.execute(_END_SESSIONS, given)
    conn.execute(_REVOKE_TOKENS, given)
    return get(conn, user_id)


def enable(conn: Connection, user_id: UserId) -> User | None:
    """They may sign in again; what ended with them stays ended."""
    conn.execute(_ENABLE, {"user": user_id})
    return get(conn, user_id)


def set_role(conn: Connection, user_id: UserId, role: Role) -> User | None:
    conn.execute(_SET_ROLE, {"user": user_id, "new_role": role.value})
    return get(conn, user_id)


def set_display_name(conn: Connection, user_id: UserId, display_name: str) -> None:
    conn.execute(_SET_DISPLAY_NAME, {"user": user_id, "called": display_name})


def set_email(conn: Connection, user_id: UserId, email: str | None) -> None:
    conn.execute(_SET_EMAIL, {"user": user_id, "address": email})


def seen(conn: Connection, user_id: UserId, now: datetime) -> None:
    conn.execute(_SEEN, {"user": user_id, "now": now})


def put_password(conn: Connection, user_id: UserId, password_hash: str) -> None:
    row = {"provider": _PASSWORD, "subject": user_id, "user_id": user_id, "credential": password_hash}
    conn.execute(_PUT_PASSWORD.on(conn), row)


def drop_password(conn: Connection, user_id: UserId) -> None:
    """None signs them in any more."""
    conn.execute(_DROP_PASSWORD, {"user": user_id})


def has_password(conn: Connection, user_id: UserId) -> bool:
    return conn.execute(_HAS_PASSWORD, {"user": user_id}).first() is not None


def password_of(conn: Connection, name: str) -> tuple[User, str] | None:
    """Also of a disabled person: it is the caller's to refuse them, in the same time as anybody."""
    row = conn.execute(_PASSWORD_OF, {"called": name}).one_or_none()
    return None if row is None else (user_from(row), row.credential)


def _one(result: Any) -> User | None:
    row = result.one_or_none()
    return None if row is None else user_from(row)
