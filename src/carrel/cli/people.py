"""A person as people name them: by name or by id."""

from carrel.client import Client, users
from carrel.client.paging import every
from carrel.domain.errors import NotFound
from carrel.wire.v1 import User


async def find(client: Client, who: str) -> User:
    """The user with this name, else with this id. Raises NotFound."""
    wanted = who.strip().lower()
    async for user in every(lambda after: users.page(client, after=after, limit=200)):
        if wanted in (user.name.lower(), user.id):
            return user
    raise NotFound(f"There is no user called {who}. See who there is: carrel user list.")
