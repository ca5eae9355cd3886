"""Visits: an admin went into somebody else's workspace, or a token went in that an admin made for its owner and may know.

Each is written into the audit and, where the owner sees it, into the timelines. Who may come in is decided elsewhere.
"""

from datetime import datetime

from sqlalchemy import Connection

from carrel.domain.actor import Person, TokenHolder
from carrel.domain.ids import UserId
from carrel.domain.workspace import Workspace
from carrel.rules.ticket import VISIT_REMEMBERED_FOR
from carrel.services.context import Context
from carrel.store import audit, events, users


def write_down(conn: Connection, person: Person, workspace: Workspace, now: datetime) -> None:
    audit.add(
        conn, now, audit.name_of(person), "enter", f"workspace:{workspace.id}", f"of user {workspace.owner}"
    )
    sentence = f"{person.name}, an admin, went in."
    events.add(conn, now, "visited", sentence, workspace_id=workspace.id, claim_id=workspace.claim_id)


async def by_token(ctx: Context, holder: TokenHolder, workspace: Workspace, now: datetime) -> None:
    """Written down once, and again after a pause, as the visits of browsers are. Raises Unavailable: without it nobody goes in."""
    if holder.made_by is None or await ctx.store.read(_is_known, holder.made_by, workspace, now):
        return
    await ctx.store.write(_write_down_token, holder, holder.made_by, workspace, now)


def _is_known(conn: Connection, maker: UserId, workspace: Workspace, now: datetime) -> bool:
    since = now - VISIT_REMEMBERED_FOR
    return events.was_told(conn, workspace.id, _sentence(_name(conn, maker)), since)


def _write_down_token(
    conn: Connection, holder: TokenHolder, maker: UserId, workspace: Workspace, now: datetime
) -> None:
    name = _name(conn, maker)
    detail = f"of user {workspace.owner}, with a token made for them"
    audit.add(conn, now, f"{name} (token {holder.token_id})", "enter", f"workspace:{workspace.id}", detail)
    events.add(conn, now, "visited", _sentence(name), workspace_id=workspace.id, claim_id=workspace.claim_id)


def _name(conn: Connection, maker: UserId) -> str:
    found = users.get(conn, maker)
    return found.name if found is not None else "somebody"


def _sentence(name: str) -> str:
    return f"Somebody went in with a token that {name} (an admin) made for you."
