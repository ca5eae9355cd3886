"""A plain GET to one app over one connection: made to be cheap, since thousands of apps are asked every minute. Believes little.

It follows nothing, keeps no cookies and no connection after itself; what does not look like HTTP raises.
"""

import asyncio
from types import TracebackType
from typing import Final, Self

from httptools import HttpResponseParser

from carrel.domain.endpoint import Endpoint

MOST: Final = 1 << 20
"""Bytes of an answer with its head. A list of kernels has some 300 for each."""
_CHUNK: Final = 1 << 16
_FINAL: Final = 200
"""What comes below it says that an answer will come."""


class Line:
    """Open it, ask several times, close it. Nothing here waits by itself: bound it from outside."""

    def __init__(self, endpoint: Endpoint, authorization: str) -> None:
        if not (authorization.isascii() and authorization.isprintable()):
            raise ValueError("the secret does not fit into a header")
        self._endpoint = endpoint
        self._authorization = authorization
        self._connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hang_up()

    async def get(self, path: str) -> tuple[int, bytes]:
        """Status and body. Raises OSError, EOFError, ValueError, and what the parser raises."""
        endpoint = self._endpoint
        if self._connection is None:
            tls = endpoint.scheme == "https" or None
            self._connection = await asyncio.open_connection(endpoint.host, endpoint.port, ssl=tls)
        reader, writer = self._connection
        host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
        writer.write(
            f"GET {path} HTTP/1.1\r\nhost: {host}:{endpoint.port}\r\nauthorization: {self._authorization}\r\n"
            "user-agent: carrel-activity\r\naccept: */*\r\n\r\n".encode("ascii")
        )
        answer = _Answer()
        while not answer.is_whole:
            data = await reader.read(_CHUNK)
            if not data:
                answer.ended()
            else:
                answer.feed(data)
        if not answer.leaves_it_open:
            self._hang_up()
        return answer.status, bytes(answer.body)

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection[1].transport.abort()
            self._connection = None


class _Answer:
    """Collects what the parser finds; its methods are named as the parser calls them."""

    def __init__(self) -> None:
        self.status = 0
        self.body = bytearray()
        self.is_whole = False
        self.leaves_it_open = False
        self._has_length = False
        self._has_head = False
        self._read = 0
        self._parser = HttpResponseParser(self)

    def feed(self, data: bytes) -> None:
        self._read += len(data)
        if self._read > MOST:
            raise ValueError("the answer is too long")
        self._parser.feed_data(data)

    def ended(self) -> None:
        """The other side hung up, which is the end of an answer that did not say how long it is."""
        if self._has_length or not self._has_head:
            raise EOFError("the answer was cut off")
        self.is_whole = True

    def on_header(self, name: bytes, _value: bytes) -> None:
        self._has_length |= name.lower() in (b"content-length", b"transfer-encoding")

    def on_headers_complete(self) -> None:
        self.status = self._parser.get_status_code()
        self._has_head = self.status >= _FINAL

    def on_body(self, data: bytes) -> None:
        self.body += data

    def on_message_complete(self) -> None:
        if self.status >= _FINAL:
            self.is_whole = True
            self.leaves_it_open = self._parser.should_keep_alive()
