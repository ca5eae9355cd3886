"""The audit trail: who did what to whom. Read only; every service writes its own entries."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from carrel.domain.actor import Actor
from carrel.domain.ids import UserId, is_id
from carrel.domain.page import Page
from carrel.rules.access import Action, require
from carrel.services.context import Context
from carrel.store import audit, users
from carrel.store.audit import AuditEntry

_USER = "user:"


@dataclass(frozen=True, slots=True)
class Sought:
    """Every part that is given must fit."""

    actor: str | None = None
    """A name, with whatever token."""
    action: str | None = None
    target: str | None = None
    """How it begins, e.g. "user:" or "pool:jupyterlab"."""
    text: str | None = None
    """Stands somewhere in the entry."""


@dataclass(frozen=True, slots=True)
class Trail:
    page: Page[AuditEntry]
    names: Mapping[UserId, str]
    """What the people who are targets are called."""


EVERYTHING = Sought()


async def page(
    ctx: Context, actor: Actor, sought: Sought = EVERYTHING, *, after: str | None = None, limit: int = 50
) -> Page[AuditEntry]:
    """Newest first. For admins."""
    require(actor, Action.ADMINISTER)
    return await ctx.store.read(_page, sought, after, limit)


async def trail(
    ctx: Context, actor: Actor, sought: Sought = EVERYTHING, *, after: str | None = None, limit: int = 50
) -> Trail:
    """As `page`, with the names of the people concerned."""
    require(actor, Action.ADMINISTER)

    def read(conn: Connection) -> Trail:
        found = _page(conn, sought, after, limit)
        targets = [
            entry.target.removeprefix(_USER) for entry in found.items if entry.target.startswith(_USER)
        ]
        return Trail(found, users.names(conn, [UserId(one) for one in targets if is_id(one)]))

    return await ctx.store.read(read)


def _page(conn: Connection, sought: Sought, after: str | None, limit: int) -> Page[AuditEntry]:
    return audit.page(
        conn,
        actor=sought.actor,
        action=sought.action,
        target=sought.target,
        text=sought.text,
        after=after,
        limit=limit,
    )
