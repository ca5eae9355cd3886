"""Pools: what can be claimed, how full it is, and the knobs an admin turns."""

from carrel.client.connection import Client
from carrel.wire.v1 import Page, Pool, PoolPreview


async def page(client: Client) -> list[Pool]:
    return (await client.get("/pools", Page[Pool])).items


async def get(client: Client, name: str) -> Pool:
    return await client.get(f"/pools/{name}", Pool)


async def change(client: Client, name: str, **wanted: str | float | bool | None) -> Pool:
    """`wanted` is what `PoolChange` knows, durations as "90m" or "never"; what is None stays as it is."""
    return await client.patch(f"/pools/{name}", Pool, wanted)


async def preview(client: Client, name: str, **wanted: str | float | bool | None) -> PoolPreview:
    """What that change would do. Changes nothing."""
    return await client.post(f"/pools/{name}/preview", PoolPreview, wanted)
