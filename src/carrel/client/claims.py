"""Claims: ask for a workspace, see how far that is, give it back."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from typing import Final

import httpx

from carrel.client.connection import PAUSES, Client
from carrel.client.messages import Message, messages
from carrel.client.problems import error_of, unreachable
from carrel.domain.claim import ClaimState
from carrel.wire.v1 import Claim, Event, Failure, Page

_STREAM: Final = "text/event-stream"
PATIENCE: Final = (*PAUSES, 4.0, 8.0)
"""Whoever waits for a workspace waits for a new start of Carrel as well."""


async def claim(
    client: Client,
    *,
    pool: str,
    name: str = "default",
    home: str | None = None,
    user: str | None = None,
    parameters: Mapping[str, str | float] | None = None,
) -> Claim:
    """Idempotent per pool and name: asking again gives the same claim. It may have to wait: see `state`."""
    body = {"pool": pool, "name": name, "home": home, "user": user, "parameters": dict(parameters or {})}
    return await client.post("/claims", Claim, body)


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


async def failure(client: Client, claim_id: str) -> Failure | None:
    """Why it ended or takes longer; None where nothing went wrong."""
    return await client.get_any(f"/claims/{claim_id}/failure", Failure)


async def watch(client: Client, claim_id: str, after: int = 0) -> AsyncIterator[Event | Claim]:
    """Every event from the one after `after` on, and the claim itself whenever its place in the queue changed. Ends with the
    claim once it can be entered or was released. Goes on by itself when the connection breaks.
    """
    line = _Line(client, claim_id, after)
    while not line.is_settled:
        async with aclosing(line.heard()) as heard:
            async for told in heard:
                yield told


class _Line:
    """One stream after another, each from where the last one broke."""

    def __init__(self, client: Client, claim_id: str, after: int) -> None:
        self._client = client
        self._path = f"/claims/{claim_id}/events"
        self._after = after
        self._pauses = iter(PATIENCE)
        self.is_settled = False

    async def heard(self) -> AsyncGenerator[Event | Claim]:
        headers = {"Accept": _STREAM, "Last-Event-ID": str(self._after)}
        try:
            async with self._client.stream(self._path, headers) as response:
                await _refused(response)
                async for message in messages(response.aiter_lines()):
                    self._note(message)
                    yield _told(message)
            if not self.is_settled:
                raise httpx.RemoteProtocolError("The stream ended before its last word.")
        except httpx.TransportError as error:
            await self._pause(error)

    def _note(self, message: Message) -> None:
        self._pauses = iter(PATIENCE)
        self._after = message.seq or self._after
        self.is_settled = message.name == "settled"

    async def _pause(self, error: httpx.TransportError) -> None:
        pause = next(self._pauses, None)
        if pause is None:
            raise unreachable(self._client.where, error) from error
        await asyncio.sleep(pause)


async def _refused(response: httpx.Response) -> None:
    if not response.is_success:
        await response.aread()
        raise error_of(response)


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
