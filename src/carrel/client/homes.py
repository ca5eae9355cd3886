"""Homes: somebody's files, apart from every workspace."""

from collections.abc import AsyncGenerator

import httpx

from carrel.client.connection import Client
from carrel.client.problems import error_of, unreachable
from carrel.wire.v1 import Home, HomeAdoption, HomeAdoptionRequest, Page


async def page(client: Client, *, user: str | None = None) -> list[Home]:
    """By name; deleted ones, which can still be restored, after them."""
    return (await client.get("/homes", Page[Home], {"user": user})).items


async def create(client: Client, name: str, *, user: str | None = None) -> Home:
    return await client.post("/homes", Home, {"name": name, "user": user})


async def get(client: Client, home_id: str) -> Home:
    return await client.get(f"/homes/{home_id}", Home)


async def rename(client: Client, home_id: str, name: str) -> Home:
    return await client.patch(f"/homes/{home_id}", Home, {"name": name})


async def delete(client: Client, home_id: str) -> Home:
    """Until its `removed_at` it can be restored."""
    return await client.delete(f"/homes/{home_id}", Home)


async def restore(client: Client, home_id: str) -> Home:
    return await client.post(f"/homes/{home_id}/restore", Home)


async def adopt(client: Client, wanted: HomeAdoptionRequest) -> HomeAdoption:
    """For admins. With `dry_run` nothing changes."""
    return await client.post("/homes/adopt", HomeAdoption, wanted.model_dump(mode="json"))


async def archive(client: Client, home_id: str) -> AsyncGenerator[bytes, None]:
    """Its files as a .tar.gz, as it is packed. An archive that breaks off raises Unavailable."""
    try:
        async with client.stream(f"/homes/{home_id}/archive", {}) as response:
            if not response.is_success:
                await response.aread()
                raise error_of(response)
            async for chunk in response.aiter_raw():
                yield chunk
    except httpx.TransportError as error:
        raise unreachable(client.where, error) from error
