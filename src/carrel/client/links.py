"""Sign-in links, for the owner of the state directory."""

from carrel.client.connection import Client
from carrel.wire.v1 import Link


async def make(
    client: Client, *, next_page: str | None = None, minutes: float | None = None, replace: bool = False
) -> Link:
    """Signs the first admin in, once. Over the owner's socket only."""
    return await client.post("/links", Link, {"next": next_page, "minutes": minutes, "replace": replace})
