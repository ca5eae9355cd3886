"""Who did what to what, when. Rows are only ever added."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from carrel.domain.actor import Actor, Person, System, TokenHolder
from carrel.domain.page import Page
from carrel.store import cursor, schema

_a = schema.audit
_u = schema.users
_USER = "user:"
_INSERT = sa.insert(_a)
_WITH_NAMES = sa.select(_a, _u.c.name.label("target_name")).outerjoin_from(
    _a,
    _u,
    sa.and_(_a.c.target.startswith(_USER), _u.c.id == sa.func.substr(_a.c.target, len(_USER) + 1)),
)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    id: int
    at: datetime
    actor: str
    action: str
    target: str
    detail: str = ""
    target_name: str | None = None
    """What the person is called that it was done to."""


def name_of(actor: Actor) -> str:
    """How an actor is written in the log: by name, and by token where there was one, so that a leaked one can be told apart."""
    match actor:
        case Person(name=name):
            return name
        case TokenHolder(name=name, token_id=token_id):
            return f"{name} (token {token_id})"
        case System(name=name):
            return name


def add(  # noqa: PLR0917 - who, what, to what: the order in which one says it
    conn: Connection, at: datetime, actor: str, action: str, target: str, detail: str = ""
) -> None:
    conn.execute(_INSERT, {"at": at, "actor": actor, "action": action, "target": target, "detail": detail})


def page(
    conn: Connection,
    *,
    actor: str | None = None,
    action: str | None = None,
    target: str | None = None,
    text: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[AuditEntry]:
    """Newest first. `actor` is a name, with whatever token; `target` how it begins; `text` stands somewhere in any of them."""
    query = _WITH_NAMES.order_by(_a.c.id.desc()).limit(cursor.size(limit) + 1)
    if actor:
        with_token = _a.c.actor.startswith(f"{actor} (token ", autoescape=True)
        query = query.where(sa.or_(_a.c.actor == actor, with_token))
    if action:
        query = query.where(_a.c.action == action)
    if target:
        query = query.where(_a.c.target.startswith(target, autoescape=True))
    if text:
        places = (_a.c.actor, _a.c.action, _a.c.target, _a.c.detail, _u.c.name)
        wanted = text.lower()
        query = query.where(
            sa.or_(*(sa.func.lower(place).contains(wanted, autoescape=True) for place in places))
        )
    if after is not None:
        query = query.where(_a.c.id < cursor.number(after))
    rows = [
        AuditEntry(row.id, row.at, row.actor, row.action, row.target, row.detail, row.target_name)
        for row in conn.execute(query)
    ]
    return cursor.page_of(rows, limit, lambda entry: (entry.id,))
