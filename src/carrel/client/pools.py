"""Pools: what can be claimed, how full it is, and the knobs an admin turns."""

from carrel.client.connection import Client
from carrel.wire.v1 import Page, Pool


async def page(client: Client) -> list[Pool]:
    return (await client.get("/pools", Page[Pool])).items


async def get(client: Client, name: str) -> Pool:
    return await client.get(f"/pools/{name}", Pool)


async def change(
    client: Client,
    name: str,
    *,
    paused: bool | None = None,
    warm: int | None = None,
    limit: int | None = None,
) -> Pool:
    return await client.patch(f"/pools/{name}", Pool, {"paused": paused, "warm": warm, "limit": limit})
