"""One-time links that sign the first admin in: the one that every start of Carrel prints, so that somebody can get in before there is
any password, and those that the owner of the state directory asks for.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from sqlalchemy import Connection

from carrel.domain.account import User
from carrel.domain.actor import Actor, System
from carrel.domain.errors import Forbidden
from carrel.domain.ids import UserId
from carrel.mint import fingerprint, new_secret
from carrel.rules.way_back import HUB, within_hub
from carrel.services.context import Context
from carrel.services.user_changes import LINK
from carrel.services.users import ensure_admin
from carrel.store import audit, codes

LIFETIME: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Link:
    url: str
    user: User
    expires_at: datetime


async def new_link(ctx: Context) -> str:
    """A fresh sign-in link for the first admin, good once and for a day; every earlier one is dead."""
    return (await make(ctx, System(), replaces=True)).url


async def make(
    ctx: Context,
    actor: Actor,
    *,
    lifetime: timedelta = LIFETIME,
    next_page: str | None = None,
    replaces: bool = False,
) -> Link:
    """For the owner of the state directory alone, who may do everything as it is. `next_page` of the hub is where it leads;
    `replaces`: every earlier link is dead. Raises Forbidden, and Conflict where the first admin is one no more.
    """
    if not isinstance(actor, System):
        raise Forbidden("Only the owner of Carrel's files makes sign-in links: `carrel link` on its machine.")
    admin = await ensure_admin(ctx)
    code, now = new_secret(), ctx.clock.now()
    ends = now + min(lifetime, LIFETIME)
    await ctx.store.write(_add, actor, fingerprint(code), admin.id, now=now, ends=ends, replaces=replaces)
    query = {"link": code} | ({"next": next_page} if within_hub(next_page) != HUB else {})
    return Link(ctx.addresses.hub_page(f"sign-in?{urlencode(query)}"), admin, ends)


def _add(
    conn: Connection,
    actor: System,
    code_hash: str,
    user_id: UserId,
    *,
    now: datetime,
    ends: datetime,
    replaces: bool,
) -> None:
    if replaces:
        codes.drop(conn, LINK)
    codes.add(conn, code_hash, LINK, user_id, ends)
    audit.add(conn, now, audit.name_of(actor), "make_link", f"user:{user_id}")
