"""Tokens: credentials for scripts."""

from collections.abc import Collection

from carrel.client.connection import Client
from carrel.domain.actor import Scope
from carrel.wire.v1 import NewToken, Page, Token


async def create(
    client: Client,
    *,
    label: str,
    scopes: Collection[Scope] = (Scope.READ, Scope.USE),
    days: float = 90,
    user: str | None = None,
) -> NewToken:
    """Its secret is told this once."""
    content = {"label": label, "scopes": sorted(scopes), "days": days, "user": user}
    return await client.post("/tokens", NewToken, content)


async def page(client: Client, *, user: str | None = None) -> list[Token]:
    return (await client.get("/tokens", Page[Token], {"user": user})).items


async def revoke(client: Client, token_id: str) -> None:
    await client.delete_quietly(f"/tokens/{token_id}")
