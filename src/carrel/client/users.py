"""Users: who may use this Carrel."""

from collections.abc import Mapping, Sequence

from carrel.client.connection import Client
from carrel.domain.actor import Role
from carrel.wire.v1 import Invitation, NewUser, Page, User


async def create(
    client: Client, *, name: str, password: str, display_name: str | None = None, role: Role = Role.USER
) -> User:
    content = {"name": name, "password": password, "display_name": display_name, "role": role}
    return await client.post("/users", User, content)


async def create_many(client: Client, people: Sequence[Mapping[str, object]]) -> list[NewUser]:
    """Each a `name`, and if wanted a `display_name` and a `role`. Their passwords are told this once."""
    return (await client.post("/users/batch", Page[NewUser], {"people": list(people)})).items


async def invite(client: Client, user_id: str) -> Invitation:
    """A link that signs them in once, to choose a password."""
    return await client.post(f"/users/{user_id}/invitation", Invitation)


async def page(
    client: Client,
    *,
    name: str | None = None,
    q: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[User]:
    """`name`: exactly this one; `q`: whose name begins so, or who are called so."""
    return await client.get("/users", Page[User], {"name": name, "q": q, "after": after, "limit": limit})


async def get(client: Client, user_id: str) -> User:
    return await client.get(f"/users/{user_id}", User)


async def set_role(client: Client, user_id: str, role: Role) -> User:
    return await client.patch(f"/users/{user_id}", User, {"role": role})


async def set_password(client: Client, user_id: str, password: str) -> User:
    return await client.patch(f"/users/{user_id}", User, {"password": password})


async def rename(client: Client, user_id: str, display_name: str) -> User:
    return await client.patch(f"/users/{user_id}", User, {"display_name": display_name})


async def set_email(client: Client, user_id: str, email: str) -> User:
    """Empty takes it away."""
    return await client.patch(f"/users/{user_id}", User, {"email": email})


async def disable(client: Client, user_id: str) -> User:
    return await client.delete(f"/users/{user_id}", User)


async def enable(client: Client, user_id: str) -> User:
    return await client.patch(f"/users/{user_id}", User, {"disabled": False})


async def sign_out(client: Client, user_id: str) -> User:
    """Everywhere."""
    return await client.delete(f"/users/{user_id}/sessions", User)
