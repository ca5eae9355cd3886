"""Several people let in at once, a class: each with a password of their own that is told once. All of them, or none."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from carrel.domain.account import User
from carrel.domain.actor import Actor, Role
from carrel.domain.errors import Conflict, Invalid
from carrel.mint import new_password
from carrel.rules.access import Action, require
from carrel.services import users as user_service
from carrel.services.context import Context
from carrel.store import users

MOST = 100
"""Each password takes a good part of a second to hash."""


@dataclass(frozen=True, slots=True)
class Newcomer:
    name: str
    display_name: str | None = None
    role: Role = Role.USER


async def create(ctx: Context, actor: Actor, wanted: Sequence[Newcomer]) -> list[tuple[User, str]]:
    """Each with their password. Raises Conflict naming those whose names are taken, Invalid for what cannot be a name."""
    require(actor, Action.ADMINISTER)
    if not 0 < len(wanted) <= MOST:
        raise Invalid(f"Let in 1 to {MOST} people at once, not {len(wanted)}.")
    made = [user_service.newcomer(ctx, one.name, one.display_name, one.role) for one in wanted]
    await ctx.store.read(_refuse_taken, made)
    passwords = [new_password() for _ in made]
    hashed = [await ctx.passwords.hash(password) for password in passwords]
    await ctx.store.write(_add, actor, list(zip(made, hashed, strict=True)))
    return list(zip(made, passwords, strict=True))


def _add(conn: Connection, actor: Actor, made: list[tuple[User, str]]) -> None:
    for user, hashed in made:
        user_service.add(conn, actor, user, hashed)


def _refuse_taken(conn: Connection, made: list[User]) -> None:
    """Before the long work, and all at once: nobody wants to hear of thirty names one by one."""
    twice = sorted(name for name, many in Counter(user.name for user in made).items() if many > 1)
    if twice:
        raise Conflict(f"Named more than once: {', '.join(twice)}. Nobody was let in.")
    known = [user.name for user in made if users.by_name(conn, user.name) is not None]
    if known:
        raise Conflict(f"Already there: {', '.join(known)}. Leave them out; nobody was let in.")
