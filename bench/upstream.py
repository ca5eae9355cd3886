"""The app behind both proxies: 160 bytes to every request, every WebSocket message echoed. Run as a program; knows only the standard library.

It is made to cost little, so that the proxies are what limits a run. Frames must be masked with zeros (proxies do not look),
which saves the unmasking.
"""

import argparse
import asyncio
import base64
import hashlib
import re
import socket
from typing import Final, cast

BODY: Final = b"carrel" * 26 + b"...\n"
ANSWER: Final = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: %d\r\n\r\n%s" % (
    len(BODY),
    BODY,
)
LISTS: Final = re.compile(rb"GET \S*/api/(kernels|terminals) ")
KERNELS: Final = b'[{"execution_state": "idle", "last_activity": "2026-01-01T00:00:00.000000Z"}]'
"""What a Jupyter answers when it is asked for its kernels, and for its terminals, too."""
LISTED: Final = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (
    len(KERNELS),
    KERNELS,
)
ACCEPT_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
KEY: Final = re.compile(rb"\r\nsec-websocket-key:[ \t]*([^\r\n ]+)", re.IGNORECASE)
LENGTH: Final = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)
MASKED_HEADER: Final = 6
"""Two bytes and the mask, of a message below 126 bytes."""


class App(asyncio.Protocol):
    def __init__(self) -> None:
        self._buffer = b""
        self._echoes = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while self._echo() if self._echoes else self._answer():
            pass

    def _answer(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return False
        head = self._buffer[: end + 2]
        length = LENGTH.search(head)
        whole = end + 4 + (int(length[1]) if length else 0)
        if len(self._buffer) < whole:
            return False
        self._buffer = self._buffer[whole:]
        if key := KEY.search(head):
            self._echoes = True
            accept = base64.b64encode(hashlib.sha1(key[1] + ACCEPT_GUID).digest())
            self._transport.write(
                b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
                b"sec-websocket-accept: %s\r\n\r\n" % accept
            )
        else:
            self._transport.write(LISTED if LISTS.match(head) else ANSWER)
        return True

    def _echo(self) -> bool:
        if len(self._buffer) < MASKED_HEADER:
            return False
        length = self._buffer[1] & 127
        if length > 125 or self._buffer[2:MASKED_HEADER] != b"\0\0\0\0":
            self._transport.abort()
            return False
        whole = MASKED_HEADER + length
        if len(self._buffer) < whole:
            return False
        self._transport.write(bytes((0x82, length)) + self._buffer[MASKED_HEADER:whole])
        self._buffer = self._buffer[whole:]
        return True


def listener(host: str, port: int, *, all_loopback: bool) -> socket.socket:
    """With `all_loopback` every address of 127/8 is answered, and nothing from outside: the socket is bound to `lo`."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if all_loopback:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo\0")
    made.bind(("0.0.0.0" if all_loopback else host, port))
    return made


async def serve(made: socket.socket) -> None:
    server = await asyncio.get_running_loop().create_server(App, sock=made, backlog=1024)
    async with server:
        await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--all-loopback", action="store_true")
    chosen = parser.parse_args()
    made = listener(chosen.host, chosen.port, all_loopback=chosen.all_loopback)
    try:
        import uvloop as loops  # noqa: PLC0415 - quicker where it is installed, and not needed
    except ImportError:
        asyncio.run(serve(made))
    else:
        loops.run(serve(made))


if __name__ == "__main__":
    main()
