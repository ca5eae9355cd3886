"""/hub/health/echo: gives back what it is sent, so that anybody can see whether requests and WebSockets get here, and to whom.

It asks for no credentials and knows nobody: a nonce's proof over HTTP, a handful of short frames for seconds over WebSocket.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, ClassVar, Final, cast

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from carrel.domain.address import Addresses
from carrel.domain.errors import Invalid
from carrel.rules.echo import is_nonce, proof
from carrel.services.context import Context
from carrel.web import frames
from carrel.web.frames import Frame
from carrel.web.security import own_origins

PATH: Final = "/hub/health/echo"
MOST_FRAMES: Final = 8
LIVES: Final = 10.0
"""Seconds: whoever opens many of them holds none for long."""
_LARGEST_HEAD: Final = 16 * 1024

router = APIRouter(include_in_schema=False)


@router.get(PATH)
async def prove(request: Request, nonce: str = "") -> Response:
    if not is_nonce(nonce):
        raise Invalid("Send a nonce: 16 to 64 letters, figures, - and _.")
    ctx: Context = request.app.state.context
    return JSONResponse(
        {"echo": nonce, "proof": proof(ctx.installation, nonce)}, headers={"Cache-Control": "no-store"}
    )


def websockets(addresses: Addresses) -> type[asyncio.Protocol]:
    """What uvicorn hands every WebSocket to that reaches the hub's socket: there is no other one in the hub."""

    class OurEcho(Echo):
        origins = own_origins(addresses.hub)

    return OurEcho


class Echo(asyncio.Protocol):
    """One WebSocket: refused, or opened and given back what it sends, frame by frame."""

    origins: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, **_of_uvicorn: Any) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = b""
        self._is_open = False
        self._left = MOST_FRAMES
        self._end: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are none by descent
        self._end = asyncio.get_running_loop().call_later(LIVES, self._transport.close)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._is_open:
            self._open()
        if self._is_open:
            self._echo()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._end is not None:
            self._end.cancel()

    def _open(self) -> None:
        head, found, rest = self._received.partition(b"\r\n\r\n")
        if not found:
            if len(head) > _LARGEST_HEAD:
                self._refuse(b"431 Request Header Fields Too Large")
            return
        path, headers = _head(head)
        if path != PATH:
            self._refuse(b"404 Not Found")
        elif not self._may_come(headers):
            self._refuse(b"403 Forbidden")
        elif not headers.get("sec-websocket-key") or headers.get("sec-websocket-version") != "13":
            self._refuse(b"400 Bad Request")
        else:
            accept = frames.accept_of(headers["sec-websocket-key"]).encode()
            self._send(
                b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
                b"sec-websocket-accept: " + accept + b"\r\n\r\n"
            )
            self._received, self._is_open = rest, True

    def _may_come(self, headers: Mapping[str, str]) -> bool:
        """A page of another site learns nothing here, but it has no business here either."""
        origin, site = headers.get("origin"), headers.get("sec-fetch-site", "none").lower()
        return (origin is None or origin in self.origins) and site in ("same-origin", "none")

    def _echo(self) -> None:
        while self._is_open:
            try:
                found = frames.read(self._received, from_client=True)
            except ValueError:
                self._close(1003)
                return
            if found is None:
                return
            frame, self._received = found
            self._answer(frame)

    def _answer(self, frame: Frame) -> None:
        if frame.opcode not in (frames.TEXT, frames.BINARY) or self._left == 0:
            self._close(1000)
            return
        self._left -= 1
        self._send(frames.write(frame))

    def _close(self, code: int) -> None:
        self._is_open = False
        self._send(frames.write(Frame(frames.CLOSE, code.to_bytes(2))))
        if self._transport is not None:
            self._transport.close()

    def _refuse(self, status: bytes) -> None:
        self._send(b"HTTP/1.1 " + status + b"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        if self._transport is not None:
            self._transport.close()

    def _send(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)


def _head(head: bytes) -> tuple[str, Mapping[str, str]]:
    """The path without its query, and the headers; of two of one name the last, as no browser sends any twice that count here."""
    first, *lines = head.decode("latin-1").split("\r\n")
    target = [*first.split(" "), ""][1]
    pairs = (line.partition(":") for line in lines)
    return target.partition("?")[0], {name.strip().lower(): value.strip() for name, _, value in pairs}
