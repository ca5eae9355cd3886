"""People as people name them: by name or by id. And who the owner of the state directory is, when nobody is named."""

import asyncio
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Final

from carrel.cli.here import Here
from carrel.client import Client, users
from carrel.client.paging import every
from carrel.domain.account import FIRST_ADMIN
from carrel.domain.actor import Role
from carrel.domain.errors import CarrelError, Invalid, NotFound
from carrel.domain.ids import is_id
from carrel.wire.v1 import User

_FEW: Final = 8
"""As many names are asked for one by one; for more, the whole list is quicker."""


async def find(client: Client, who: str) -> User:
    """The user with this name, else with this id. Raises NotFound."""
    named = (await users.page(client, name=who.strip())).items
    if named:
        return named[0]
    if is_id(who.strip()):
        with suppress(NotFound):
            return await users.get(client, who.strip())
    raise NotFound(f"There is no user called {who}.")


async def meant(here: Here, who: str | None) -> str | None:
    """The id of whom a command is for, and a word about it where nobody was named. None where a token says it."""
    if who is not None:
        return (await find(here.client, who)).id
    if not here.place.is_owners:
        return None
    admin = await first_admin(here.client)
    here.screen.note(f"For {admin.name}. Name somebody else with --user.")
    return admin.id


async def first_admin(client: Client) -> User:
    """Whom the owner of the state directory acts as: the one whom the sign-in link signs in, else the only admin there is.

    Raises Invalid.
    """
    usual = [user for user in (await users.page(client, name=FIRST_ADMIN)).items if _is_admin(user)]
    admins = usual or [user for user in await _everybody(client) if _is_admin(user)]
    if len(admins) != 1:
        raise Invalid("Say for whom: --user NAME. See who there is: carrel user list.")
    return admins[0]


def _is_admin(user: User) -> bool:
    return user.role is Role.ADMIN and user.disabled_at is None


async def names(client: Client, ids: Collection[str | None]) -> Mapping[str, str]:
    """Name by id, as far as we may know them."""
    wanted = {one for one in ids if one is not None}
    found: list[User] = []
    with suppress(CarrelError):
        if len(wanted) <= _FEW:
            found = list(await asyncio.gather(*(users.get(client, one) for one in wanted)))
        else:
            found = await _everybody(client)
    return {user.id: user.name for user in found if user.id in wanted}


async def _everybody(client: Client) -> list[User]:
    return [user async for user in every(lambda after: users.page(client, after=after, limit=200))]
