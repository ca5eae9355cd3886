"""Users: who may use this Carrel."""

from carrel.client.connection import Client
from carrel.domain.actor import Role
from carrel.wire.v1 import Page, User


async def create(
    client: Client, *, name: str, password: str, display_name: str | None = None, role: Role = Role.USER
) -> User:
    content = {"name": name, "password": password, "display_name": display_name, "role": role}
    return await client.post("/users", User, content)


async def page(client: Client, *, after: str | None = None, limit: int = 50) -> Page[User]:
    return await client.get("/users", Page[User], {"after": after, "limit": limit})


async def get(client: Client, user_id: str) -> User:
    return await client.get(f"/users/{user_id}", User)


async def set_role(client: Client, user_id: str, role: Role) -> User:
    return await client.patch(f"/users/{user_id}", User, {"role": role})


async def set_password(client: Client, user_id: str, password: str) -> User:
    return await client.patch(f"/users/{user_id}", User, {"password": password})


async def disable(client: Client, user_id: str) -> User:
    return await client.delete(f"/users/{user_id}", User)


async def enable(client: Client, user_id: str) -> User:
    return await client.patch(f"/users/{user_id}", User, {"disabled": False})
