"""Users: let somebody in, change what they may, shut them out. Never removed: their history and files stay."""

from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from carrel.domain.account import User
from carrel.domain.actor import Actor, Role, System
from carrel.domain.claim import ClaimState
from carrel.domain.errors import Conflict, NotFound
from carrel.domain.ids import PoolName, UserId
from carrel.domain.page import Page
from carrel.domain.reason import Reason, ReasonCode
from carrel.domain.route import Withdrawal
from carrel.mint import new_id
from carrel.ports.wake import pool_topic
from carrel.rules.access import Action, owns, require
from carrel.rules.credentials import person_name
from carrel.services import withdrawals
from carrel.services.context import Context
from carrel.services.visibility import require_seen
from carrel.store import audit, claims, sessions, users

FIRST_ADMIN: Final = "admin"
"""Who the sign-in link of each start, and CARREL_BOOTSTRAP_TOKEN, belong to."""


async def create(
    ctx: Context,
    actor: Actor,
    *,
    name: str,
    password: str,
    display_name: str | None = None,
    role: Role = Role.USER,
) -> User:
    """Raises Conflict where the name is taken, Invalid for a name or password that cannot be."""
    require(actor, Action.ADMINISTER)
    known_as = person_name(name)
    shown_as = (display_name or name).strip()[:200]
    user = User(UserId(new_id()), known_as, shown_as, role, ctx.clock.now())
    hashed = await ctx.passwords.hash(password)
    await ctx.store.write(_add, actor, user, hashed)
    return user


async def get(ctx: Context, actor: Actor, user_id: UserId) -> User:
    require_seen(actor, Action.SEE, owner=user_id, thing="user")
    return _found(await ctx.store.read(users.get, user_id))


async def page(ctx: Context, actor: Actor, *, after: str | None = None, limit: int = 50) -> Page[User]:
    """By name. For admins."""
    require(actor, Action.ADMINISTER)
    return await ctx.store.read(users.page, after=after, limit=limit)


async def disable(ctx: Context, actor: Actor, user_id: UserId) -> User:
    """Sessions end and tokens die before this returns; what they hold is released, which ends what is open in it; files stay.

    Raises Unavailable.
    """
    _not_oneself(actor, user_id)
    user, current = await ctx.store.write(_disable, actor, user_id, ctx.clock.now())
    await withdrawals.tell(ctx, current)
    for pool in await ctx.store.write(_release_all, user_id, ctx.clock.now()):
        ctx.wake.ring(pool_topic(pool))
    return user


async def enable(ctx: Context, actor: Actor, user_id: UserId) -> User:
    """Let somebody back in who was disabled: with the password they had; their tokens stay revoked."""
    require(actor, Action.ADMINISTER)
    return await ctx.store.write(_enable, actor, user_id, ctx.clock.now())


async def set_role(ctx: Context, actor: Actor, user_id: UserId, role: Role) -> User:
    """Sessions go on with the new role; no ticket signed for the old one is believed any more. Raises Unavailable."""
    _not_oneself(actor, user_id)
    user, current = await ctx.store.write(_set_role, actor, user_id, role, ctx.clock.now())
    await withdrawals.tell(ctx, current)
    return user


async def set_password(ctx: Context, actor: Actor, user_id: UserId, password: str) -> User:
    """Ends every session of theirs: whoever came in with the old one is out. API tokens have a life of their own. For admins."""
    require(actor, Action.ADMINISTER)
    hashed = await ctx.passwords.hash(password)
    user, current = await ctx.store.write(_set_password, actor, user_id, hashed, ctx.clock.now())
    await withdrawals.tell(ctx, current)
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


def _add(conn: Connection, actor: Actor, user: User, hashed: str) -> None:
    users.add(conn, user)
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


def _disable(conn: Connection, actor: Actor, user_id: UserId, now: datetime) -> tuple[User, list[Withdrawal]]:
    require(actor, Action.ADMINISTER)
    ended = sessions.end_all(conn, user_id, now)
    user = _found(users.disable(conn, user_id, now))
    audit.add(conn, now, audit.name_of(actor), "disable_user", f"user:{user_id}")
    return user, withdrawals.record(conn, ended, now)


def _release_all(conn: Connection, user_id: UserId, now: datetime) -> set[PoolName]:
    """The pools that have to look after it."""
    reason = Reason(ReasonCode.STOPPED_BY_ADMIN, "The account was disabled.")
    pools = set()
    for state in (ClaimState.WAITING, ClaimState.HELD):
        while found := claims.page(conn, user_id=user_id, state=state, limit=100).items:
            for claim in found:
                claims.release(conn, claim.id, reason, now)
                pools.add(claim.pool)
    return pools


def _enable(conn: Connection, actor: Actor, user_id: UserId, now: datetime) -> User:
    before = _found(users.get(conn, user_id))
    if before.disabled_at is not None:
        audit.add(conn, now, audit.name_of(actor), "enable_user", f"user:{user_id}")
    return _found(users.enable(conn, user_id))


def _set_role(
    conn: Connection, actor: Actor, user_id: UserId, role: Role, now: datetime
) -> tuple[User, list[Withdrawal]]:
    require(actor, Action.ADMINISTER)
    before = _found(users.get(conn, user_id))
    users.set_role(conn, user_id, role)
    audit.add(conn, now, audit.name_of(actor), "set_role", f"user:{user_id}", role.value)
    loses_rights = before.role is Role.ADMIN and role is not Role.ADMIN
    suspect = sessions.of_user(conn, user_id, now) if loses_rights else []
    return _found(users.get(conn, user_id)), withdrawals.record(conn, suspect, now)


def _set_password(
    conn: Connection, actor: Actor, user_id: UserId, hashed: str, now: datetime
) -> tuple[User, list[Withdrawal]]:
    user = _found(users.get(conn, user_id))
    users.put_password(conn, user_id, hashed)
    ended = sessions.end_all(conn, user_id, now)
    audit.add(conn, now, audit.name_of(actor), "set_password", f"user:{user_id}")
    return user, withdrawals.record(conn, ended, now)


def _found(user: User | None) -> User:
    if user is None:
        raise NotFound("There is no such user.")
    return user


def _not_oneself(actor: Actor, user_id: UserId) -> None:
    """So that there is always an admin left: the one who asks."""
    require(actor, Action.ADMINISTER)
    if owns(actor, user_id):
        raise Conflict("You cannot do that to yourself. Ask another admin.")
