"""Asks apps whether they are in use, at their own address and with their own secret. Never raises, believes little, reads little.

What an answer means is for `rules.testimony` to say.
"""

import asyncio
import json
from datetime import datetime
from types import TracebackType
from typing import Final, Self

import httpx

from carrel.domain.activity import Evidence, NotSeen, Seen, Unknown
from carrel.ports.activity import Subject
from carrel.ports.driver import DriverError, Runs
from carrel.ports.probe import path_at_app
from carrel.rules import testimony
from carrel.rules.endpoints import authorization

WITHIN: Final = 5.0
"""Seconds for all that is asked of one app."""
RUNS_WITHIN: Final = 10.0
MOST: Final = 1 << 20
"""Bytes. A list of kernels has some 300 for each."""
_OK, _MISSING = 200, 404


class _TooMuch(Exception):
    pass


class AppActivity:
    """Implements `ports.activity.ActivityProbe`."""

    def __init__(self, within: float = WITHIN) -> None:
        limits = httpx.Limits(max_connections=64, max_keepalive_connections=16, keepalive_expiry=2)
        # The bare transport: a client would bring cookies, redirects and the environment's proxies.
        self._transport = httpx.AsyncHTTPTransport(limits=limits, trust_env=False)
        self._within = within

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._transport.aclose()

    async def evidence(self, subject: Subject, now: datetime) -> Evidence:
        match subject.recipe.activity:
            case "traffic":
                return NotSeen()
            case "command":
                return await _command(subject, now)
            case "jupyter" | "rstudio":
                return await self._asked(subject, now)
            case other:
                return Unknown(f"nobody here knows how to ask by {other!r}")

    async def _asked(self, subject: Subject, now: datetime) -> Evidence:
        ask = self._jupyter if subject.recipe.activity == "jupyter" else self._rstudio
        try:
            async with asyncio.timeout(self._within):
                return await ask(subject, now)
        except Exception:  # noqa: BLE001 - whatever an app or its address does to the libraries below: it did not answer
            return Unknown("its app did not answer")

    async def _jupyter(self, subject: Subject, now: datetime) -> Evidence:
        status, kernels = await self._get(subject, "api/kernels")
        if status != _OK:
            return Unknown(f"its app answered {status} when it was asked for its kernels")
        listed = json.loads(kernels)
        seen = testimony.jupyter(listed, [], now)
        if isinstance(seen, Seen) and seen.at == now:
            return seen
        status, terminals = await self._get(subject, "api/terminals")
        if status not in (_OK, _MISSING):
            return Unknown(f"its app answered {status} when it was asked for its terminals")
        return testimony.jupyter(listed, json.loads(terminals) if status == _OK else [], now)

    async def _rstudio(self, subject: Subject, now: datetime) -> Evidence:
        status, health = await self._get(subject, "health-check")
        if status != _OK:
            return Unknown(f"its health check answered {status}: RStudio needs server-health-check-enabled=1")
        return testimony.rstudio(health.decode("utf-8", "replace"), now)

    async def _get(self, subject: Subject, path: str) -> tuple[int, bytes]:
        endpoint, recipe = subject.endpoint, subject.recipe
        host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
        where = path_at_app(subject.workspace.id, recipe, path)
        request = httpx.Request(
            "GET",
            f"{endpoint.scheme}://{host}:{endpoint.port}{where}",
            headers={
                "authorization": authorization(recipe, subject.workspace.secret),
                "user-agent": "carrel-activity",
            },
            extensions={"timeout": httpx.Timeout(self._within).as_dict()},
        )
        response = await self._transport.handle_async_request(request)
        try:
            return response.status_code, await _read(response)
        finally:
            await response.aclose()


async def _read(response: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > MOST:
            raise _TooMuch
    return bytes(body)


async def _command(subject: Subject, now: datetime) -> Evidence:
    recipe, driver = subject.recipe, subject.driver
    if not isinstance(driver, Runs):
        return Unknown("its backend cannot run its check")
    try:
        ran = await driver.run(subject.workspace.id, recipe.activity_command, seconds=RUNS_WITHIN)
    except DriverError as error:
        return Unknown(f"its check could not be run: {error.sentence}")
    return testimony.command(ran.code, now)
