"""One's own account, for whoever is signed in with a browser: the password, and where else one is signed in."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from carrel.domain.account import User
from carrel.domain.actor import Person
from carrel.domain.errors import Conflict, Exhausted, Invalid
from carrel.domain.route import Withdrawal
from carrel.rules.credentials import person_display_name, person_email
from carrel.services import user_changes, withdrawals
from carrel.services.attempts import Rate
from carrel.services.context import Context
from carrel.services.user_changes import Change, found, withdraw_links
from carrel.store import audit, sessions, users

GUESSES: Final = Rate(burst=5, every=30.0)
"""Somebody at a browser that was left open must not find out the password by trying."""


@dataclass(frozen=True, slots=True)
class AccountView:
    user: User
    has_password: bool
    """None is set for the admin of the first start, who came by a link."""
    sessions: int
    """Browsers they are signed in with, this one included."""


async def get(ctx: Context, person: Person) -> AccountView:
    return await ctx.store.read(_view, person, ctx.clock.now())


async def change_password(ctx: Context, person: Person, *, old: str, new: str) -> None:
    """Signs every other browser out, and so are links that would sign one in worth nothing; API tokens have a life of their own.
    `old` counts only where a password is set.

    Raises Invalid for a wrong old one or a new one that cannot be, Exhausted after too many wrong ones, Unavailable.
    """
    known = await ctx.store.read(users.password_of, person.name)
    stored = known[1] if known is not None else None
    if stored is not None:
        await _check(ctx, person, old, stored)
    hashed = await ctx.passwords.hash(new)
    current = await ctx.store.write(_put, person, stored, hashed, ctx.clock.now())
    await withdrawals.tell(ctx, current)


async def change_profile(ctx: Context, person: Person, *, display_name: str, email: str) -> None:
    """How they are called, and their e-mail address; an empty one is none. Raises Invalid."""
    wanted = Change(display_name=person_display_name(display_name), email=person_email(email) or "")
    await ctx.store.write(
        user_changes.apply, person, person.user_id, wanted, hashed=None, now=ctx.clock.now()
    )


async def sign_out_everywhere(ctx: Context, person: Person) -> None:
    """Here too. Returns once no workspace believes any of the sessions any more. Raises Unavailable."""
    current = await ctx.store.write(_end_all, person, ctx.clock.now())
    await withdrawals.tell(ctx, current)


async def _check(ctx: Context, person: Person, old: str, stored: str) -> None:
    key = f"own-password:{person.user_id}"
    wait = ctx.attempts.take(key, GUESSES, ctx.clock.monotonic())
    if wait > 0:
        raise Exhausted(f"Too many wrong passwords. Try again in {int(wait) + 1} seconds.")
    if not (await ctx.passwords.check(old, stored)).is_right:
        raise Invalid("That is not your password. Type the one you sign in with now.")
    ctx.attempts.give_back(key)


def _view(conn: Connection, person: Person, now: datetime) -> AccountView:
    user = found(users.get(conn, person.user_id))
    return AccountView(user, users.has_password(conn, user.id), len(sessions.of_user(conn, user.id, now)))


def _put(
    conn: Connection, person: Person, checked: str | None, hashed: str, now: datetime
) -> list[Withdrawal]:
    """Only if the password is still the one that was checked."""
    known = users.password_of(conn, person.name)
    if (known[1] if known is not None else None) != checked:
        raise Conflict("Your password was changed meanwhile. Reload the page and try again.")
    users.put_password(conn, person.user_id, hashed)
    withdraw_links(conn, person.user_id)
    ended = sessions.end_others(conn, person.user_id, person.session_id, now)
    audit.add(conn, now, audit.name_of(person), "set_password", f"user:{person.user_id}", "their own")
    return withdrawals.record(conn, ended, now)


def _end_all(conn: Connection, person: Person, now: datetime) -> list[Withdrawal]:
    ended = sessions.end_all(conn, person.user_id, now)
    detail = f"{len(ended)} sessions"
    audit.add(conn, now, audit.name_of(person), "sign_out_everywhere", f"user:{person.user_id}", detail)
    return withdrawals.record(conn, ended, now)
