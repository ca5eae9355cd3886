"""The engine as the gate asks it: one connection for each request, whose owner each thing has, and bytes handed on both ways."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from carrel.drivers.docker.gate.heads import head_of_request
from carrel.drivers.docker.gate.outcome import Kind, Thing

_PIECE: Final = 64 * 1024
_SECONDS: Final = 20.0
_INSPECTED: Final[dict[Kind, str]] = {
    "containers": "/containers/{}/json",
    "networks": "/networks/{}",
    "volumes": "/volumes/{}",
    "exec": "/exec/{}/json",
}
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class EngineAway(Exception):
    """Its text says why."""


@dataclass(frozen=True, slots=True)
class Upstream:
    socket: Path

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Streams]:
        """Raises EngineAway."""
        try:
            reader, writer = await asyncio.open_unix_connection(str(self.socket))
        except OSError as error:
            raise EngineAway(f"the engine does not answer at {self.socket}: {error.strerror}") from error
        try:
            yield reader, writer
        finally:
            writer.close()

    async def shown(self, path: str) -> tuple[int, Any]:
        """Status and JSON of a GET. Raises EngineAway."""
        try:
            async with asyncio.timeout(_SECONDS), self.connected() as (reader, writer):
                writer.write(head_of_request("GET", path, {"Host": "docker", "Connection": "close"}))
                head = await reader.readuntil(b"\r\n\r\n")
                body = await reader.read(-1)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            raise EngineAway(f"the engine did not answer: {type(error).__name__}") from error
        return int(head.split(b" ", 2)[1]), _json(body, chunked=b"chunked" in head.lower())

    async def owner(self, thing: Thing) -> tuple[int, str | None]:
        """Status of asking for it, and the installation that it is of. Raises EngineAway."""
        status, found = await self.shown(_INSPECTED[thing.kind].format(quote(thing.name, safe="")))
        if status != 200 or not isinstance(found, dict):
            return status, None
        if thing.kind == "exec":
            return await self.owner(Thing("containers", str(found.get("ContainerID"))))
        labels = found.get("Labels") or (found.get("Config") or {}).get("Labels") or {}
        return status, labels.get("carrel.installation")


def _json(body: bytes, *, chunked: bool) -> Any:
    try:
        return json.loads(_joined(body) if chunked else body)
    except ValueError:
        return None


def _joined(body: bytes) -> bytes:
    """The engine's own chunks, which it writes well."""
    whole = bytearray()
    while body:
        line, _, rest = body.partition(b"\r\n")
        size = int(line or b"0", 16)
        whole += rest[:size]
        body = rest[size + 2 :]
    return bytes(whole)


async def hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Until the one who talks has ended; then the other is told so."""
    while piece := await reader.read(_PIECE):
        writer.write(piece)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


async def gone(reader: asyncio.StreamReader) -> None:
    """Until whoever asked goes away; what else they say is not heard."""
    while await reader.read(_PIECE):
        pass
