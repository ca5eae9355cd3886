"""The one-time link that every start of Carrel prints, so that somebody can get in before there is any password."""

from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from sqlalchemy import Connection

from carrel.domain.actor import System
from carrel.domain.ids import UserId
from carrel.mint import fingerprint, new_secret
from carrel.services.context import Context
from carrel.services.sessions import LINK
from carrel.services.users import ensure_admin
from carrel.store import audit, codes

LIFETIME: Final = timedelta(hours=24)


async def new_link(ctx: Context) -> str:
    """A fresh sign-in link for the first admin, good once and for a day; every earlier one is dead."""
    admin = await ensure_admin(ctx)
    code = new_secret()
    await ctx.store.write(_replace, fingerprint(code), admin.id, ctx.clock.now())
    return ctx.addresses.hub_page(f"sign-in?{urlencode({'link': code})}")


def _replace(conn: Connection, code_hash: str, user_id: UserId, now: datetime) -> None:
    codes.drop(conn, LINK)
    codes.add(conn, code_hash, LINK, user_id, now + LIFETIME)
    audit.add(conn, now, audit.name_of(System()), "make_link", f"user:{user_id}")
