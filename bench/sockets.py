"""Keeps many WebSockets of this machine busy and says how many messages came back. Bounded in count; what it costs is the caller's question."""

import asyncio
import time
from collections.abc import Sequence
from typing import Final, cast

from bench.load import request
from bench.processes import BenchError

PAYLOAD: Final = b"x" * 64
MESSAGE: Final = bytes((0x82, 0x80 | len(PAYLOAD))) + b"\0\0\0\0" + PAYLOAD
"""Masked with zeros, see upstream.py."""
ECHO_LENGTH: Final = 2 + len(PAYLOAD)
HANDSHAKE_KEY: Final = "Y2FycmVsLWJlbmNoLXdzIQ=="


class Socket(asyncio.Protocol):
    """One WebSocket that sends its next message when the echo of the last one is there."""

    def __init__(self, handshake: bytes, count: int) -> None:
        self._handshake = handshake
        self._left = count
        self._buffer = b""
        loop = asyncio.get_running_loop()
        self.opened: asyncio.Future[None] = loop.create_future()
        self.finished: asyncio.Future[None] = loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._handshake)

    def go(self) -> None:
        self._transport.write(MESSAGE)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self.opened.done():
            self._open()
            return
        while len(self._buffer) >= ECHO_LENGTH and not self.finished.done():
            if self._buffer[2:ECHO_LENGTH] != PAYLOAD:
                self.finished.set_exception(BenchError("A WebSocket echo came back changed."))
                return
            self._buffer = self._buffer[ECHO_LENGTH:]
            self._left -= 1
            if self._left > 0:
                self.go()
            else:
                self.finished.set_result(None)

    def _open(self) -> None:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        if self._buffer[9:12] == b"101":
            self._buffer = self._buffer[end + 4 :]
            self.opened.set_result(None)
        else:
            self.opened.set_exception(BenchError(f"A WebSocket was refused: {self._buffer[:200]!r}"))

    def connection_lost(self, exc: Exception | None) -> None:
        for future in (self.opened, self.finished):
            if not future.done():
                future.set_exception(BenchError(f"A WebSocket was closed in the middle of a run ({exc})."))

    def close(self) -> None:
        for future in (self.opened, self.finished):
            future.cancel()
        self._transport.close()


def handshake(host: str, path: str, headers: Sequence[tuple[str, str]] = ()) -> bytes:
    upgrade = [("upgrade", "websocket"), ("connection", "Upgrade"), ("sec-websocket-version", "13")]
    return request("GET", host, path, [*upgrade, ("sec-websocket-key", HANDSHAKE_KEY), *headers])


async def echo(port: int, opening: bytes, *, connections: int, each: int, within: float = 120) -> float:
    """Messages per second, counted as round trips, over `connections` WebSockets that send `each` messages one after the other."""
    loop = asyncio.get_running_loop()
    sockets = [
        (await loop.create_connection(lambda: Socket(opening, each), "127.0.0.1", port))[1]
        for _ in range(connections)
    ]
    try:
        async with asyncio.timeout(within):
            await asyncio.gather(*(one.opened for one in sockets))
            began = time.perf_counter()
            for one in sockets:
                one.go()
            await asyncio.gather(*(one.finished for one in sockets))
            return connections * each / (time.perf_counter() - began)
    finally:
        for one in sockets:
            one.close()
