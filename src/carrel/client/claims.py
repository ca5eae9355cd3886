"""Claims: ask for a workspace, see how far that is, give it back."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Final

import httpx

from carrel.client.connection import PAUSES, Client
from carrel.client.failures import error_of, unreachable
from carrel.client.messages import Message, messages
from carrel.domain.claim import ClaimState
from carrel.wire.v1 import Claim, Event, Page

_STREAM: Final = "text/event-stream"


async def claim(client: Client, *, pool: str, name: str = "default", user: str | None = None) -> Claim:
    """Idempotent per pool and name: asking again gives the same claim. It may have to wait: see `state`."""
    return await client.post("/claims", Claim, {"pool": pool, "name": name, "user": user})


async def get(client: Client, claim_id: str) -> Claim:
    return await client.get(f"/claims/{claim_id}", Claim)


async def page(
    client: Client,
    *,
    user: str | None = None,
    pool: str | None = None,
    state: ClaimState | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[Claim]:
    query = {"user": user, "pool": pool, "state": state, "after": after, "limit": limit}
    return await client.get("/claims", Page[Claim], query)


async def release(client: Client, claim_id: str) -> Claim:
    return await client.delete(f"/claims/{claim_id}", Claim)


async def events(client: Client, claim_id: str, after: int = 0) -> list[Event]:
    return (await client.get(f"/claims/{claim_id}/events", Page[Event], {"after": after})).items


async def watch(client: Client, claim_id: str, after: int = 0) -> AsyncIterator[Event | Claim]:
    """Every event from the one after `after` on, and the claim itself whenever its place in the queue changed. Ends with the
    claim once it can be entered or was released. Goes on by itself when the connection breaks.
    """
    pauses = iter(PAUSES)
    while True:
        try:
            async with aclosing(_heard(client, claim_id, after)) as heard:
                async for message in heard:
                    pauses = iter(PAUSES)
                    after = message.seq or after
                    yield _told(message)
                    if message.name == "settled":
                        return
            raise httpx.RemoteProtocolError("The stream ended before its last word.")
        except httpx.TransportError as error:
            pause = next(pauses, None)
            if pause is None:
                raise unreachable(client.where, error) from error
            await asyncio.sleep(pause)


async def _heard(client: Client, claim_id: str, after: int) -> AsyncGenerator[Message]:
    headers = {"Accept": _STREAM, "Last-Event-ID": str(after)}
    async with client.stream(f"/claims/{claim_id}/events", headers) as response:
        if not response.is_success:
            await response.aread()
            raise error_of(response)
        async for message in messages(response.aiter_lines()):
            yield message


def _told(message: Message) -> Event | Claim:
    if message.name in ("claim", "settled"):
        return Claim.model_validate_json(message.data)
    return Event.model_validate_json(message.data)


async def wait(client: Client, claim_id: str) -> Claim:
    """Until it can be entered, or was released."""
    found: Claim | None = None
    async for told in watch(client, claim_id):
        found = told if isinstance(told, Claim) else found
    return found or await get(client, claim_id)
