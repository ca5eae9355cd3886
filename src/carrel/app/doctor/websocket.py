"""Opens one WebSocket, sends one frame and reads what comes back: as a browser would, through whatever stands in front. Judges nothing."""

import asyncio
import base64
import ssl
from typing import Final
from urllib.parse import urlsplit

from carrel.mint import new_secret
from carrel.web import frames
from carrel.web.frames import Frame

_LARGEST_HEAD: Final = 32 * 1024
_PORTS: Final = {"http": 80, "https": 443}


class Refused(Exception):
    """`str()` says what came instead of a WebSocket."""


async def echoed(
    address: str, text: str, *, tls: ssl.SSLContext | None, connect_to: str | None = None
) -> str:
    """What was given back for `text`. `connect_to`: a host other than the address names. Raises Refused, OSError."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    reader, writer = await asyncio.open_connection(
        connect_to or host,
        parts.port or _PORTS[parts.scheme],
        ssl=tls if parts.scheme == "https" else None,
        server_hostname=host if parts.scheme == "https" else None,
        limit=_LARGEST_HEAD,
    )
    try:
        await _open(reader, writer, parts.netloc, parts.path, origin=f"{parts.scheme}://{parts.netloc}")
        writer.write(frames.write(Frame(frames.TEXT, text.encode()), new_secret().encode()[:4]))
        return (await _next(reader)).payload.decode(errors="replace")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
        raise Refused("the connection ended before an answer came") from error
    finally:
        writer.close()


async def _open(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, path: str, *, origin: str
) -> None:
    key = base64.b64encode(new_secret().encode()[:16]).decode()
    writer.write(
        f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nOrigin: {origin}\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    status = head.split("\r\n", 1)[0].partition(" ")[2]
    if not status.startswith("101"):
        raise Refused(f"it was answered {status}")
    if frames.accept_of(key) not in head:
        raise Refused("whoever answered does not speak WebSocket")


async def _next(reader: asyncio.StreamReader) -> Frame:
    received = b""
    while True:
        try:
            found = frames.read(received, from_client=False)
        except ValueError as error:
            raise Refused(str(error)) from error
        if found is not None:
            return found[0]
        more = await reader.read(256)
        if not more:
            raise Refused("the connection ended before an answer came")
        received += more
