"""HTTP/1.1 as the gate takes it: heads and bodies read strictly, and never handed on as they came. Decides nothing."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

LONGEST_HEAD: Final = 64 * 1024
LONGEST_BODY: Final = 4 << 20
"""Of what is judged as JSON."""
_PIECE: Final = 64 * 1024
_LINE: Final = re.compile(rb"([A-Z]{1,10}) (/[\x21-\x7e]{0,16000}) HTTP/1\.[01]")
_HEADER: Final = re.compile(rb"([A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}):[ \t]*([\x20-\x7e\t]*?)[ \t]*")


class Unreadable(Exception):
    """What came is no request that the gate takes; its text says why."""


@dataclass(frozen=True, slots=True)
class Head:
    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]

    @property
    def length(self) -> int | None:
        """Of the body; None for one in chunks."""
        if "transfer-encoding" in self.headers:
            return None
        return int(self.headers.get("content-length", "0"))

    @property
    def wants_upgrade(self) -> bool:
        return "upgrade" in self.headers.get("connection", "").lower()


async def read_head(reader: asyncio.StreamReader) -> Head | None:
    """None where nobody asks any more. Raises Unreadable."""
    try:
        data = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    except asyncio.LimitOverrunError as error:
        raise Unreadable("the head is too long") from error
    line, *lines = data[:-4].split(b"\r\n")
    found = _LINE.fullmatch(line)
    if found is None:
        raise Unreadable("this is no request line")
    path, _, query = found[2].decode("ascii").partition("?")
    try:
        pairs = tuple(parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)))
    except ValueError as error:
        raise Unreadable("the parameters cannot be read") from error
    return Head(found[1].decode(), path, pairs, _headers(lines))


def _headers(lines: list[bytes]) -> Mapping[str, str]:
    """Each once: two lengths would be read by two readers in two ways."""
    headers: dict[str, str] = {}
    for line in lines:
        found = _HEADER.fullmatch(line)
        name = found[1].decode().lower() if found else ""
        if found is None or name in headers:
            raise Unreadable("a header cannot be read, or stands twice")
        headers[name] = found[2].decode()
    encoding, length = headers.get("transfer-encoding"), headers.get("content-length")
    if encoding not in (None, "chunked") or (encoding and length is not None):
        raise Unreadable("the length of the body is not clear")
    if length is not None and re.fullmatch(r"[0-9]{1,15}", length) is None:
        raise Unreadable("the length of the body is no number")
    return headers


async def pieces(reader: asyncio.StreamReader, head: Head) -> AsyncIterator[bytes]:
    """The body, whichever way it comes. Raises Unreadable, IncompleteReadError."""
    left = head.length
    if left is None:
        async for piece in _chunks(reader):
            yield piece
        return
    while left:
        piece = await reader.read(min(left, _PIECE))
        if not piece:
            raise asyncio.IncompleteReadError(b"", left)
        left -= len(piece)
        yield piece


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while True:
        line = await reader.readuntil(b"\r\n")
        if re.fullmatch(rb"[0-9A-Fa-f]{1,8}\r\n", line) is None:
            raise Unreadable("a chunk's length is no number")
        left = int(line, 16)
        if not left:
            break
        while left:
            piece = await reader.read(min(left, _PIECE))
            if not piece:
                raise asyncio.IncompleteReadError(b"", left)
            left -= len(piece)
            yield piece
        if await reader.readexactly(2) != b"\r\n":
            raise Unreadable("a chunk does not end where it says")
    if await reader.readexactly(2) != b"\r\n":
        raise Unreadable("there is more after the last chunk")


async def whole_body(reader: asyncio.StreamReader, head: Head, at_most: int = LONGEST_BODY) -> bytes:
    body = bytearray()
    async for piece in pieces(reader, head):
        body += piece
        if len(body) > at_most:
            raise Unreadable("the body is too long")
    return bytes(body)


def head_of_request(method: str, target: str, headers: Mapping[str, str]) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("ascii")


def answer(status: int, body: bytes) -> bytes:
    """JSON, and the end of the connection."""
    head = f"HTTP/1.1 {status} Said\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
    return head.encode() + body
