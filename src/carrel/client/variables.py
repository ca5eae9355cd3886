"""Variables: what somebody keeps for their workspaces. Values go in and never come out."""

from carrel.client.connection import Client
from carrel.wire.v1 import Page, Variable


async def page(client: Client, *, user: str | None = None) -> list[Variable]:
    return (await client.get("/variables", Page[Variable], {"user": user})).items


async def put(client: Client, name: str, value: str, *, user: str | None = None) -> Variable:
    """Workspaces opened from then on have it."""
    return await client.put(f"/variables/{name}", Variable, {"value": value}, query={"user": user})


async def delete(client: Client, name: str, *, user: str | None = None) -> None:
    await client.delete_quietly(f"/variables/{name}", query={"user": user})
