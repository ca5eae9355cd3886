"""People as an admin looks at them: a list with what each has, and one of them with all there is to know."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from carrel.domain.account import Token, User
from carrel.domain.actor import Actor, Role
from carrel.domain.ids import UserId
from carrel.domain.page import Page
from carrel.domain.workspace import LIVE
from carrel.domain.workspace_list import Listed, Wanted
from carrel.rules.access import Action, require
from carrel.rules.credentials import spelling
from carrel.services.context import Context
from carrel.services.user_changes import found
from carrel.services.workspace_list import NEWEST
from carrel.store import sessions, tokens, users, workspace_list

LATELY = 10
"""Workspaces shown of one person that are gone."""


@dataclass(frozen=True, slots=True)
class Sought:
    text: str = ""
    role: Role | None = None
    is_disabled: bool | None = None


@dataclass(frozen=True, slots=True)
class Portrait:
    user: User
    has_password: bool
    sessions: int
    """Browsers they are signed in with."""
    tokens: Sequence[Token]
    makers: Mapping[UserId, str]
    """What those are called who made a token for them."""
    live: Sequence[Listed]
    lately: Sequence[Listed]


async def page(
    ctx: Context, actor: Actor, sought: Sought, *, after: str | None = None, limit: int = 50
) -> Page[tuple[User, int]]:
    """By name, each with how many workspaces they have now. For admins."""
    require(actor, Action.ADMINISTER)
    return await ctx.store.read(
        users.with_live,
        text=spelling(sought.text) or None,
        role=sought.role,
        is_disabled=sought.is_disabled,
        after=after,
        limit=limit,
    )


async def get(ctx: Context, actor: Actor, user_id: UserId) -> Portrait:
    """For admins. Raises NotFound."""
    require(actor, Action.ADMINISTER)
    return await ctx.store.read(_portrait, user_id, ctx.clock.now())


def _portrait(conn: Connection, user_id: UserId, now: datetime) -> Portrait:
    user = found(users.get(conn, user_id))
    held = tokens.of_user(conn, user_id)
    living = Wanted(owner=user_id, phases=LIVE)
    every = Wanted(owner=user_id)
    live = workspace_list.page(conn, living, NEWEST).items
    recent = workspace_list.page(conn, every, NEWEST, limit=LATELY + len(live)).items
    return Portrait(
        user=user,
        has_password=users.has_password(conn, user_id),
        sessions=len(sessions.of_user(conn, user_id, now)),
        tokens=[token for token in held if token.revoked_at is None],
        makers=users.names(conn, [token.made_by for token in held if token.made_by is not None]),
        live=live,
        lately=[row for row in recent if not row.workspace.is_live][:LATELY],
    )
