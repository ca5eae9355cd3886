"""Links that sign one person in once, so that they choose a password themselves: for newcomers, and for those who forgot theirs."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from sqlalchemy import Connection

from carrel.domain.account import User
from carrel.domain.actor import Actor
from carrel.domain.errors import Conflict
from carrel.domain.ids import UserId
from carrel.domain.route import Withdrawal
from carrel.mint import fingerprint, new_secret
from carrel.rules.access import Action, owns, require
from carrel.services import withdrawals
from carrel.services.context import Context
from carrel.services.user_changes import INVITATION, found, withdraw_links
from carrel.store import audit, codes, sessions, users

LIFETIME: Final = timedelta(days=7)
LEADS_TO: Final = "/hub/account"
"""Where they choose a password."""


@dataclass(frozen=True, slots=True)
class Invitation:
    url: str
    user: User
    expires_at: datetime


async def invite(ctx: Context, actor: Actor, user_id: UserId) -> Invitation:
    """The password they had signs nobody in any more, every session of theirs ends, and so does every earlier link. For admins.

    Raises Conflict for oneself and for somebody disabled, Unavailable.
    """
    require(actor, Action.ADMINISTER)
    if owns(actor, user_id):
        raise Conflict("You are signed in already. Change your password on your account page.")
    code, now = new_secret(), ctx.clock.now()
    user, withdrawn = await ctx.store.write(
        _invite, actor, user_id, fingerprint(code), now=now, ends=now + LIFETIME
    )
    await withdrawals.tell(ctx, withdrawn)
    query = urlencode({"link": code, "next": LEADS_TO})
    return Invitation(ctx.addresses.hub_page(f"sign-in?{query}"), user, now + LIFETIME)


def _invite(
    conn: Connection, actor: Actor, user_id: UserId, code_hash: str, *, now: datetime, ends: datetime
) -> tuple[User, list[Withdrawal]]:
    user = found(users.get(conn, user_id))
    if user.disabled_at is not None:
        raise Conflict("This account is disabled. Enable it first.")
    users.drop_password(conn, user_id)
    withdraw_links(conn, user_id)
    codes.add(conn, code_hash, INVITATION, user_id, ends)
    ended = sessions.end_all(conn, user_id, now)
    audit.add(conn, now, audit.name_of(actor), "invite_user", f"user:{user_id}")
    return user, withdrawals.record(conn, ended, now)
