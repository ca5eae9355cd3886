"""HTTP/1.1 by hand, from both sides: nothing here corrects what a test wants to say."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Self

Headers = Iterable[tuple[str, str]]


@dataclass(frozen=True)
class Message:
    first: str
    """The request line or the status line."""
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""

    def every(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def header(self, name: str) -> str | None:
        return next(iter(self.every(name)), None)

    @property
    def names(self) -> set[str]:
        return {name.lower() for name, _ in self.headers}

    @property
    def status(self) -> int:
        return int(self.first.split(" ")[1])

    @property
    def method(self) -> str:
        return self.first.split(" ")[0]

    @property
    def target(self) -> str:
        return self.first.split(" ")[1]

    @property
    def text(self) -> str:
        return self.body.decode()

    def cookies(self) -> dict[str, str]:
        pairs = [part.strip().partition("=") for line in self.every("cookie") for part in line.split(";")]
        return {name: value for name, _, value in pairs}


async def read_head(reader: asyncio.StreamReader) -> Message | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n"))[:-4]
    except (asyncio.IncompleteReadError, ConnectionError, asyncio.LimitOverrunError):
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = [line.partition(":") for line in lines]
    return Message(first, tuple((name, value.strip()) for name, _, value in pairs))


async def read_body(reader: asyncio.StreamReader, head: Message, *, until_close: bool) -> bytes:
    if "chunked" in (head.header("transfer-encoding") or ""):
        return b"".join([chunk async for chunk in _chunks(reader)])
    length = head.header("content-length")
    if length is not None:
        return await reader.readexactly(int(length))
    return await reader.read(-1) if until_close else b""


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while size := int((await reader.readuntil(b"\n")).split(b";")[0], 16):
        yield await reader.readexactly(size)
        await reader.readline()
    while (await reader.readuntil(b"\n")).strip():
        pass  # trailers


# -- the client's side ---------------------------------------------------------------------------------------------------


class Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def to(cls, port: int) -> Self:
        return cls(*await asyncio.open_connection("127.0.0.1", port, limit=1 << 20))

    async def say(self, data: bytes) -> None:
        self.writer.write(data)
        with contextlib.suppress(ConnectionError):
            await self.writer.drain()

    async def answer(self, *, within: float = 20, head_only: bool = False) -> Message | None:
        """The next answer, or None if the connection ended instead."""
        async with asyncio.timeout(within):
            head = await read_head(self.reader)
            if head is None or head.status == 101 or head_only:
                return head
            no_body = head.status in (204, 304)
            body = b"" if no_body else await read_body(self.reader, head, until_close=True)
            return Message(head.first, head.headers, body)

    async def is_cut(self, *, within: float = 20) -> bool:
        try:
            async with asyncio.timeout(within):
                return await self.reader.read(1) == b""
        except ConnectionError:
            return True
        except TimeoutError:
            return False

    async def echoes(self, data: bytes, *, within: float = 20) -> bool:
        try:
            async with asyncio.timeout(within):
                await self.say(data)
                return await self.reader.readexactly(len(data)) == data
        except (ConnectionError, TimeoutError, asyncio.IncompleteReadError):
            return False

    def close(self) -> None:
        self.writer.close()


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Connection]:
    connection = await Connection.to(port)
    try:
        yield connection
    finally:
        connection.close()


def request(method: str, target: str, headers: Headers, body: bytes = b"") -> bytes:
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
    if body:
        lines.append(f"content-length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


async def ask(port: int, data: bytes, *, within: float = 20, head_only: bool = False) -> Message:
    async with connected(port) as connection:
        await connection.say(data)
        answer = await connection.answer(within=within, head_only=head_only)
        assert answer is not None, "the connection ended without an answer"
        return answer


# -- the app's side ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reply:
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    raw: bytes | None = None
    """Sent instead of everything else, and the connection closed."""

    def encoded(self) -> bytes:
        if self.raw is not None:
            return self.raw
        lines = [f"HTTP/1.1 {self.status} Said", *(f"{name}: {value}" for name, value in self.headers)]
        if "transfer-encoding" not in {name for name, _ in self.headers}:
            lines.append(f"content-length: {len(self.body)}")
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + self.body


Handler = Callable[[Message], Awaitable[Reply]]


@dataclass
class App:
    """An HTTP server that keeps what it was sent. After an upgrade it sends every byte back."""

    name: str
    handler: Handler | None = None
    seen: list[Message] = field(default_factory=list)
    open_streams: int = 0
    _server: asyncio.Server | None = None
    writers: set[asyncio.StreamWriter] = field(default_factory=set)

    async def listen(self, *, path: str | None = None) -> int:
        """Returns the port; 0 for a socket."""
        if path is not None:
            self._server = await asyncio.start_unix_server(self._serve, path, limit=1 << 20, backlog=2048)
            return 0
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=1 << 20, backlog=2048)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            for writer in list(self.writers):
                writer.transport.abort()
            await self._server.wait_closed()
            self._server = None

    @property
    def last(self) -> Message:
        return self.seen[-1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.add(writer)
        try:
            while await self._once(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self.writers.discard(writer)
            writer.close()

    async def _once(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await read_head(reader)
        if head is None:
            return False
        if head.header("upgrade") and "upgrade" in (head.header("connection") or "").lower():
            self.seen.append(head)
            await self._echo(reader, writer)
            return False
        message = Message(head.first, head.headers, await read_body(reader, head, until_close=False))
        self.seen.append(message)
        reply = await self.handler(message) if self.handler else Reply(body=self.name.encode())
        writer.write(reply.encoded())
        await writer.drain()
        return reply.raw is None

    async def _echo(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open_streams += 1
        try:
            writer.write(b"HTTP/1.1 101 Switching\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n")
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        finally:
            self.open_streams -= 1
