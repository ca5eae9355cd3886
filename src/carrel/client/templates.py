"""Templates: the recipes on offer."""

from carrel.client.connection import Client
from carrel.wire.v1 import Page, Template


async def page(client: Client) -> list[Template]:
    return (await client.get("/templates", Page[Template])).items


async def get(client: Client, name: str) -> Template:
    return await client.get(f"/templates/{name}", Template)
