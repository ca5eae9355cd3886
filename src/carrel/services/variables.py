"""Variables and secrets people keep: delivered into every workspace they open from then on. A value is taken, and never told again."""

from datetime import datetime

from sqlalchemy import Connection

from carrel.domain.actor import Actor
from carrel.domain.errors import Exhausted, Invalid, NotFound
from carrel.domain.ids import UserId
from carrel.domain.variable import LARGEST_VALUE, MOST_VARIABLES, Variable
from carrel.rules.access import Action, require
from carrel.rules.delivery import OURS, is_variable
from carrel.services.context import Context
from carrel.services.visibility import oneself
from carrel.store import audit, users, variables


async def page(ctx: Context, actor: Actor, *, user_id: UserId | None = None) -> list[Variable]:
    """One person's, by name, without values."""
    owner = user_id or oneself(actor)
    require(actor, Action.SEE, owner=owner)
    return await ctx.store.read(variables.of_user, owner)


async def put(
    ctx: Context, actor: Actor, name: str, value: str, *, user_id: UserId | None = None
) -> Variable:
    """What runs already keeps what it was given. Raises Invalid without a word of the value, Exhausted where there are too many."""
    owner = user_id or oneself(actor)
    require(actor, Action.KEEP_VARIABLES, owner=owner)
    _check(name, value)
    return await ctx.store.write(_put, actor, owner, name=name, value=value, now=ctx.clock.now())


async def delete(ctx: Context, actor: Actor, name: str, *, user_id: UserId | None = None) -> None:
    """Twice is harmless."""
    owner = user_id or oneself(actor)
    require(actor, Action.KEEP_VARIABLES, owner=owner)
    await ctx.store.write(_delete, actor, owner, name, ctx.clock.now())


def _check(name: str, value: str) -> None:
    if not is_variable(name):
        raise Invalid(
            "A variable is called by at most 100 letters, digits and _, with no digit first; it does not begin with "
            f"{OURS}, and is none that shells live by, such as PATH or HOME. Choose another name."
        )
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise Invalid("The value is no text. Encode it, for example with base64.") from None
    if size > LARGEST_VALUE or "\0" in value:
        raise Invalid(
            f"A value has at most {LARGEST_VALUE // 1024} KiB, and no zero byte. Keep more in a file."
        )


def _put(conn: Connection, actor: Actor, owner: UserId, *, name: str, value: str, now: datetime) -> Variable:
    user = users.get(conn, owner)
    if user is None:
        raise NotFound("There is no such user.")
    kept = variables.put(conn, owner, name, value, now, most=MOST_VARIABLES)
    if kept is None:
        raise Exhausted(f"There are {MOST_VARIABLES} variables already. Delete one first.")
    audit.add(conn, now, audit.name_of(actor), "put_variable", f"user:{owner}", name)
    return kept


def _delete(conn: Connection, actor: Actor, owner: UserId, name: str, now: datetime) -> None:
    if variables.delete(conn, owner, name):
        audit.add(conn, now, audit.name_of(actor), "delete_variable", f"user:{owner}", name)
