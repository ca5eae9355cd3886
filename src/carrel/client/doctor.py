"""What a running Carrel finds when it looks itself over, for admins."""

from carrel.client.connection import Client
from carrel.wire.v1 import Checkup


async def look(client: Client) -> Checkup:
    return await client.get("/doctor", Checkup, {"fresh": True})
