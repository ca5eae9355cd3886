"""Asks an app whether it answers now. Never raises, follows nothing, keeps no cookies: answers of one app must not reach another."""

import asyncio
from types import TracebackType
from typing import Final, Self

import httpx

from carrel.domain.endpoint import Endpoint

WITHIN: Final = 2.0
_ENOUGH: Final = 64 << 10
"""Bytes of an answer that are read so that its connection can be used again; after more it is given up."""
_STALE: Final = (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError)
"""What a kept connection may end in that the app closed meanwhile. A fresh one tells the truth."""


class HttpProbe:
    """Implements `ports.probe.Probe`."""

    def __init__(self, within: float = WITHIN) -> None:
        limits = httpx.Limits(max_connections=256, max_keepalive_connections=64, keepalive_expiry=10)
        # The bare transport: a client would bring cookies, redirects and the environment's proxies.
        self._transport = httpx.AsyncHTTPTransport(limits=limits, trust_env=False)
        self._within = within

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def answers(self, endpoint: Endpoint, path: str, authorization: str) -> bool:
        try:
            request = self._request(endpoint, path, authorization)
            async with asyncio.timeout(self._within):
                try:
                    return await self._ask(request)
                except _STALE:
                    return await self._ask(request)
        except Exception:  # noqa: BLE001 - whatever an app or its address does to the libraries below: it did not answer
            return False

    async def aclose(self) -> None:
        await self._transport.aclose()

    def _request(self, endpoint: Endpoint, path: str, authorization: str) -> httpx.Request:
        host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
        url = f"{endpoint.scheme}://{host}:{endpoint.port}/{path.lstrip('/')}"
        headers = {"authorization": authorization, "user-agent": "carrel-probe"}
        timeout = httpx.Timeout(self._within).as_dict()
        return httpx.Request("GET", url, headers=headers, extensions={"timeout": timeout})

    async def _ask(self, request: httpx.Request) -> bool:
        response = await self._transport.handle_async_request(request)
        try:
            if response.status_code < 400:
                await self._read(response)
            return response.status_code < 400
        finally:
            await response.aclose()

    async def _read(self, response: httpx.Response) -> None:
        read = 0
        async for chunk in response.aiter_raw():
            read += len(chunk)
            if read > _ENOUGH:
                return
