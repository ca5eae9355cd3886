"""The connection to one engine: opened when it is first needed, and anew once the engine was away. Knows the way, not what is asked."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass
from json import dumps
from pathlib import Path
from typing import Any, Final

import aiohttp
from aiodocker import Docker
from aiodocker.exceptions import DockerError

from carrel.drivers.docker.faults import asking, fault
from carrel.ports.driver import DriverUnavailable

CONNECTS_WITHIN: Final = 5.0
"""Seconds in which an engine that is there takes a connection."""
ANSWERS_WITHIN: Final = 60.0
"""Seconds for a single request; starting a container on a busy machine takes some of them."""
LOOKS_WITHIN: Final = 10.0
"""For what only looks: one that takes longer is away, and the loop goes on without it."""
AT_ONCE: Final = 100
"""Connections; each wait, pull and stream holds one."""
_CHUNK: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Tls:
    ca: Path
    cert: Path | None = None
    key: Path | None = None


class Engine:
    def __init__(self, host: str, *, tls: Tls | None = None) -> None:
        """`host`: unix:///path (an engine's socket, or the gate's) or tcp://name:port. Nothing is opened yet."""
        self.host = host
        self._tls = tls
        self._client: Docker | None = None
        self._connector: aiohttp.BaseConnector | None = None

    def client(self) -> Docker:
        """For what aiodocker does better than `call`. Ask for it at each use; what it raises, `faults.asking` translates."""
        if self._client is None:
            self._connector = self._connected()
            url = "unix://localhost" if self.host.startswith("unix://") else self._address()
            timeout = aiohttp.ClientTimeout(sock_connect=CONNECTS_WITHIN)
            self._client = Docker(url=url, connector=self._connector, timeout=timeout)
        return self._client

    async def call(
        self,
        method: str,
        path: str,
        *,
        what: str,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        absent: tuple[int, ...] = (),
        seconds: float = ANSWERS_WITHIN,
    ) -> Any:
        """What the engine answers: parsed JSON, else bytes; b"" if it says nothing. None for an answer whose status is in `absent`,
        such as 404 (not there), 304 (is so already) or 409 (somebody else is doing it). Raises as `faults.fault` has it.

        `what` begins the sentence of an error: "The workspace cannot be started".
        """
        try:
            async with asyncio.timeout(seconds):
                return await self._call(method, path, params=params, sent=json)
        except DockerError as problem:
            if problem.status in absent:
                return None
            self._forget_version(problem)
            raise fault(what, problem) from problem
        except (aiohttp.ClientError, TimeoutError, OSError) as problem:
            self._forget_version(problem)
            raise fault(what, problem) from problem

    async def look(self, path: str, *, what: str, params: Mapping[str, Any] | None = None) -> Any:
        """GET, soon; None for 404."""
        return await self.call("GET", path, what=what, params=params, absent=(404,), seconds=LOOKS_WITHIN)

    async def unpack(self, container: str, directory: str, archive: bytes, *, what: str) -> None:
        """A tar archive into a directory of a container, running or not. Its owners count as the container sees them."""
        path = f"containers/{container}/archive"
        await self.call("PUT", path, what=what, params={"path": directory}, json=archive)

    async def stream(
        self, path: str, *, what: str, params: Mapping[str, Any] | None = None
    ) -> AsyncGenerator[bytes, None]:
        """What the engine answers, bit by bit, for as long as it takes. Raises as `call`."""
        with asking(what):
            asked = self.client()._query(
                path,
                "GET",
                params=dict(params or {}),
                timeout=aiohttp.ClientTimeout(sock_read=ANSWERS_WITHIN),
            )
            async with asked as response, aclosing(_pieces(response)) as pieces:
                async for piece in pieces:
                    yield piece

    async def aclose(self) -> None:
        client, self._client = self._client, None
        connector, self._connector = self._connector, None
        if client is not None:
            with suppress(DockerError, aiohttp.ClientError, OSError):
                await client.close()
        if connector is not None:
            await connector.close()

    async def _call(self, method: str, path: str, *, params: Mapping[str, Any] | None, sent: Any) -> Any:
        is_archive = isinstance(sent, bytes)
        kind = "application/x-tar" if is_archive else "application/json"
        # aiodocker has no public way to a path it does not know; its own modules go this one
        async with self.client()._query(
            path.lstrip("/"),
            method,
            params=dict(params) if params is not None else None,
            data=sent if is_archive or sent is None else dumps(sent),
            headers={"Content-Type": kind},
        ) as response:
            body = await response.read()
            if response.content_type == "application/json" and body:
                return await response.json()
            return body

    def _forget_version(self, problem: Exception) -> None:
        """An engine that comes back may be another version, and refuse what it spoke before."""
        if self._client is not None and (not isinstance(problem, DockerError) or problem.status >= 400):
            self._client.api_version = "auto"

    def _connected(self) -> aiohttp.BaseConnector:
        if self.host.startswith("unix://"):
            return aiohttp.UnixConnector(self.host.removeprefix("unix://"), limit=AT_ONCE)
        if self._tls is None:
            return aiohttp.TCPConnector(limit=AT_ONCE)
        return aiohttp.TCPConnector(limit=AT_ONCE, ssl=trusted(self._tls))

    def _address(self) -> str:
        scheme = "http" if self._tls is None else "https"
        return f"{scheme}://{self.host.partition('://')[2]}"


async def _pieces(response: aiohttp.ClientResponse) -> AsyncGenerator[bytes, None]:
    """Whoever has enough leaves the rest, and nobody else is to find it in the connection."""
    try:
        async for chunk in response.content.iter_chunked(_CHUNK):
            yield chunk
    finally:
        response.close()


def trusted(tls: Tls) -> ssl.SSLContext:
    """Raises DriverUnavailable, with the file that it is about: somebody may put it right."""
    for option, path in (("tls_ca", tls.ca), ("tls_cert", tls.cert), ("tls_key", tls.key)):
        _demand_readable(option, path)
    try:
        context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=str(tls.ca))
    except ssl.SSLError as problem:
        raise DriverUnavailable(
            f"tls_ca {tls.ca} of the backend holds no certificate in PEM form: {problem.reason}."
        ) from problem
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if tls.cert is not None:
        try:
            context.load_cert_chain(tls.cert, tls.key)
        except ssl.SSLError as problem:
            raise DriverUnavailable(
                f"tls_cert {tls.cert} and tls_key of the backend do not belong together: {problem.reason}."
            ) from problem
    return context


def _demand_readable(option: str, path: Path | None) -> None:
    try:
        if path is not None:
            path.read_bytes()
    except OSError as problem:
        raise DriverUnavailable(
            f"Carrel cannot read {path}, the {option} of the backend: {problem.strerror}."
        ) from problem
