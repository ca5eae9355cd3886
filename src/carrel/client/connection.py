"""One connection to one Carrel: who we are, how a request is made, and when it is worth another try. Knows no noun."""

import asyncio
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import httpx
from pydantic import ValidationError

from carrel import __version__
from carrel.client.problems import error_of, is_final, unreachable
from carrel.domain.errors import Unavailable
from carrel.mint import new_secret
from carrel.wire.v1.shape import Telling

T = TypeVar("T", bound=Telling)
Values = Mapping[str, object]

PREFIX: Final = "/hub/api/v1"
PAUSES: Final = (0.2, 0.8, 2.0)
"""Seconds between tries: a control plane that is being restarted is back within two."""

TIMEOUT: Final = httpx.Timeout(30, connect=5)


class Client:
    """Every call is safe to repeat: reads are, changes name what they change, and every POST carries a key that makes it so."""

    def __init__(
        self,
        base_url: str = "http://localhost:8000",
        *,
        token: str | None = None,
        socket: Path | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """`socket`: the owner's socket of a Carrel on this machine; it needs no token. `transport` is for tests."""
        headers = {"User-Agent": f"carrel/{__version__}"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if socket is not None:
            transport = httpx.AsyncHTTPTransport(uds=str(socket))
        self.where = str(socket) if socket is not None else base_url
        self._http = httpx.AsyncClient(
            base_url=base_url, headers=headers, transport=transport, timeout=TIMEOUT
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._http.aclose()

    async def get(self, path: str, shape: type[T], query: Values | None = None) -> T:
        return self._read(await self._send("GET", path, query=query), shape)

    async def get_any(self, path: str, shape: type[T]) -> T | None:
        """None where Carrel answers that there is nothing to tell."""
        response = await self._send("GET", path)
        return self._read(response, shape) if response.content else None

    async def post(self, path: str, shape: type[T], content: Values | None = None) -> T:
        return self._read(await self._send("POST", path, content=content), shape)

    async def put(self, path: str, shape: type[T], content: Values, *, query: Values | None = None) -> T:
        return self._read(await self._send("PUT", path, content=content, query=query), shape)

    async def patch(self, path: str, shape: type[T], content: Values) -> T:
        return self._read(await self._send("PATCH", path, content=content), shape)

    async def delete(self, path: str, shape: type[T]) -> T:
        return self._read(await self._send("DELETE", path), shape)

    async def delete_quietly(self, path: str, *, query: Values | None = None) -> None:
        await self._send("DELETE", path, query=query)

    def stream(self, path: str, headers: Mapping[str, str]) -> AbstractAsyncContextManager[httpx.Response]:
        """A GET whose answer is read as it comes. Carrel says something every few seconds; a minute of silence is a failure."""
        timeout = httpx.Timeout(60, connect=5)
        return self._http.stream("GET", PREFIX + path, headers=dict(headers), timeout=timeout)

    async def _send(
        self, method: str, path: str, *, content: Values | None = None, query: Values | None = None
    ) -> httpx.Response:
        """The key stays the same over all tries, so that a request whose answer was lost is not done twice."""
        request = self._http.build_request(
            method,
            PREFIX + path,
            json=_given(content) if content is not None else None,
            params=_given(query or {}),
            headers={"Idempotency-Key": new_secret()} if method == "POST" else None,
        )
        response = await self._tried(request)
        if response.is_success:
            return response
        raise error_of(response)

    async def _tried(self, request: httpx.Request) -> httpx.Response:
        for pause in PAUSES:
            try:
                return await self._http.send(request)
            except httpx.TransportError as error:
                if is_final(error):
                    break
                await asyncio.sleep(pause)
        try:
            return await self._http.send(request)
        except httpx.TransportError as error:
            raise unreachable(self.where, error) from error

    def _read(self, response: httpx.Response, shape: type[T]) -> T:
        try:
            return shape.model_validate_json(response.content)
        except ValidationError as error:
            raise Unavailable(
                f"What answers at {self.where} is no Carrel, or one of another version.", detail=str(error)
            ) from error


def _given(values: Values) -> dict[str, Any]:
    """What was left out is not sent: it keeps its default, or stays as it is."""
    return {name: value for name, value in values.items() if value is not None}
