"""Users: let somebody in, change what they may, shut them out. Never removed: their history and files stay."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from carrel.domain.account import FIRST_ADMIN, User
from carrel.domain.actor import Actor, Role, System
from carrel.domain.errors import Conflict
from carrel.domain.ids import UserId
from carrel.domain.page import Page
from carrel.domain.route import Withdrawal
from carrel.mint import new_id
from carrel.ports.wake import pool_topic
from carrel.rules.access import Action, owns, require
from carrel.rules.credentials import person_display_name, person_email, person_name, spelling
from carrel.services import user_changes, withdrawals
from carrel.services.context import Context
from carrel.services.user_changes import Change
from carrel.services.visibility import require_seen
from carrel.store import audit, sessions, users


async def create(
    ctx: Context,
    actor: Actor,
    *,
    name: str,
    password: str | None,
    display_name: str | None = None,
    role: Role = Role.USER,
) -> User:
    """Without a password they come in by a link (services.invitations). Raises Conflict where the name is taken, Invalid for a name
    or password that cannot be.
    """
    require(actor, Action.ADMINISTER)
    user = newcomer(ctx, name, display_name, role)
    hashed = await ctx.passwords.hash(password) if password is not None else None
    await ctx.store.write(add, actor, user, hashed)
    return user


def newcomer(ctx: Context, name: str, display_name: str | None, role: Role) -> User:
    """Raises Invalid."""
    known_as = person_name(name)
    shown_as = person_display_name(display_name or name)
    return User(UserId(new_id()), known_as, shown_as, role, ctx.clock.now())


async def get(ctx: Context, actor: Actor, user_id: UserId) -> User:
    require_seen(actor, Action.SEE, owner=user_id, thing="user")
    return user_changes.found(await ctx.store.read(users.get, user_id))


async def page(
    ctx: Context,
    actor: Actor,
    *,
    name: str | None = None,
    text: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[User]:
    """By name; `name` finds one, `text` those whose name begins so or who are called so. For admins."""
    require(actor, Action.ADMINISTER)
    return await ctx.store.read(
        users.page,
        name=spelling(name) if name is not None else None,
        text=spelling(text) if text is not None else None,
        after=after,
        limit=limit,
    )


async def change(ctx: Context, actor: Actor, user_id: UserId, wanted: Change) -> User:
    """All of it or nothing. A new password ends every session of theirs; API tokens have a life of their own. Disabling ends sessions
    and tokens and releases what they hold; files stay. Whoever is enabled again has the password they had. Another role: sessions go
    on with it, but no ticket signed for the old one is believed any more.

    Raises Conflict for what would lock oneself or every admin out, Unavailable.
    """
    require(actor, Action.ADMINISTER)
    if wanted.takes_away and owns(actor, user_id):
        raise Conflict("You cannot do that to yourself. Ask another admin.")
    if wanted.display_name is not None:
        wanted = replace(wanted, display_name=person_display_name(wanted.display_name))
    if wanted.email is not None:
        wanted = replace(wanted, email=person_email(wanted.email) or "")
    hashed = await ctx.passwords.hash(wanted.password) if wanted.password is not None else None
    changed = await ctx.store.write(
        user_changes.apply, actor, user_id, wanted, hashed=hashed, now=ctx.clock.now()
    )
    try:
        await withdrawals.tell(ctx, changed.withdrawn)
    finally:
        for pool in changed.pools:
            ctx.wake.ring(pool_topic(pool))
    return changed.user


async def disable(ctx: Context, actor: Actor, user_id: UserId) -> User:
    return await change(ctx, actor, user_id, Change(disabled=True))


async def enable(ctx: Context, actor: Actor, user_id: UserId) -> User:
    return await change(ctx, actor, user_id, Change(disabled=False))


async def set_role(ctx: Context, actor: Actor, user_id: UserId, role: Role) -> User:
    return await change(ctx, actor, user_id, Change(role=role))


async def set_password(ctx: Context, actor: Actor, user_id: UserId, password: str) -> User:
    return await change(ctx, actor, user_id, Change(password=password))


async def sign_out(ctx: Context, actor: Actor, user_id: UserId) -> User:
    """Out of every browser, and of every workspace that one had open. Tokens and password stay. For admins. Raises Unavailable."""
    require(actor, Action.ADMINISTER)
    user, withdrawn = await ctx.store.write(_sign_out, actor, user_id, ctx.clock.now())
    await withdrawals.tell(ctx, withdrawn)
    return user


async def ensure_admin(ctx: Context) -> User:
    """The admin of the first start. Without a password until somebody sets one. Raises Conflict if they were demoted or disabled."""
    candidate = User(UserId(new_id()), FIRST_ADMIN, "Admin", Role.ADMIN, ctx.clock.now())
    user = await ctx.store.write(_ensure_admin, candidate)
    if user.role is not Role.ADMIN or user.disabled_at is not None:
        raise Conflict(
            f'The user "{FIRST_ADMIN}" is no admin any more, or disabled. Sign in as another admin, '
            f"or say `carrel user role {FIRST_ADMIN} admin` and `carrel user enable {FIRST_ADMIN}` on this machine."
        )
    return user


def add(conn: Connection, actor: Actor, user: User, hashed: str | None) -> None:
    """Raises Conflict where the name is taken."""
    users.add(conn, user)
    if hashed is not None:
        users.put_password(conn, user.id, hashed)
    audit.add(conn, user.created_at, audit.name_of(actor), "create_user", f"user:{user.id}", user.role.value)


def _ensure_admin(conn: Connection, candidate: User) -> User:
    found = users.by_name(conn, candidate.name)
    if found is not None:
        return found
    users.add(conn, candidate)
    audit.add(
        conn, candidate.created_at, audit.name_of(System()), "create_user", f"user:{candidate.id}", "admin"
    )
    return candidate


def _sign_out(
    conn: Connection, actor: Actor, user_id: UserId, now: datetime
) -> tuple[User, list[Withdrawal]]:
    user = user_changes.found(users.get(conn, user_id))
    ended = sessions.end_all(conn, user_id, now)
    told = f"{len(ended)} sessions"
    audit.add(conn, now, audit.name_of(actor), "sign_out_everywhere", f"user:{user_id}", told)
    return user, withdrawals.record(conn, ended, now)
