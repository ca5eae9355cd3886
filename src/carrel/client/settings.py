"""The settings in effect, for admins."""

from carrel.client.connection import Client
from carrel.wire.v1 import Page, Setting


async def page(client: Client) -> list[Setting]:
    return (await client.get("/settings", Page[Setting])).items
