"""A person's browser as far as a bench needs one: cookies, redirects, Sec-Fetch headers, and the moment of the first byte.

Names under `localhost` go to 127.0.0.1, as browsers do it; no other address is ever asked.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, urlencode, urljoin, urlsplit

from bench.processes import BenchError

MOST_REDIRECTS = 20
AGENT = "Mozilla/5.0 (X11; Linux x86_64) carrel-bench"


@dataclass(frozen=True, slots=True)
class Answer:
    url: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    first_byte_at: float

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name), None)

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

    def json(self) -> Any:
        return json.loads(self.body)


async def fetch(
    method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes = b""
) -> Answer:
    """One request on a connection of its own."""
    reader, writer = await _send(method, url, headers or {}, body)
    try:
        status, received, first_byte_at = await _head(reader)
        content = b"".join([piece async for piece in _pieces(reader, dict(received), status)])
        return Answer(url, status, received, content, first_byte_at)
    finally:
        await _close(writer)


async def call(
    method: str, url: str, token: str, body: object | None = None, *, scheme: str = "Bearer"
) -> Answer:
    """A script's request to a JSON API."""
    content = b"" if body is None else json.dumps(body).encode()
    headers = {"authorization": f"{scheme} {token}", "accept": "application/json"}
    if content:
        headers["content-type"] = "application/json"
    return await fetch(method, url, headers=headers, body=content)


async def _send(
    method: str, url: str, headers: Mapping[str, str], body: bytes
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    parts = urlsplit(url)
    if not _is_here(parts):
        raise BenchError(f"{url} is not on this machine; a bench asks nobody else.")
    reader, writer = await asyncio.open_connection("127.0.0.1", parts.port or 80, limit=1 << 20)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = [f"{method} {target} HTTP/1.1", f"host: {parts.netloc}", "connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body or method in {"POST", "PUT", "PATCH"}:
        lines.append(f"content-length: {len(body)}")
    writer.write("\r\n".join([*lines, "", ""]).encode() + body)
    return reader, writer


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


def _is_here(parts: SplitResult) -> bool:
    host = parts.hostname or ""
    return host in {"127.0.0.1", "localhost"} or host.endswith(".localhost")


async def _head(reader: asyncio.StreamReader) -> tuple[int, tuple[tuple[str, str], ...], float]:
    first = await reader.readexactly(1)
    first_byte_at = time.perf_counter()
    head = (first + await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    status, *lines = head.rstrip("\r\n").split("\r\n")
    pairs = (line.split(":", 1) for line in lines)
    return (
        int(status.split()[1]),
        tuple((name.strip().lower(), value.strip()) for name, value in pairs),
        first_byte_at,
    )


async def _pieces(
    reader: asyncio.StreamReader, headers: Mapping[str, str], status: int
) -> AsyncIterator[bytes]:
    if status in {204, 304}:
        return
    if headers.get("transfer-encoding", "").lower() == "chunked":
        while size := int((await reader.readline()).split(b";")[0], 16):
            yield (await reader.readexactly(size + 2))[:-2]
    elif "content-length" in headers:
        yield await reader.readexactly(int(headers["content-length"]))
    else:
        yield await reader.read()


async def _lines(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    pending = b""
    async for piece in pieces:
        *lines, pending = (pending + piece).split(b"\n")
        for line in lines:
            yield line


@dataclass(slots=True)
class Browser:
    """One person. Not safe for two requests at once that set cookies, as no person clicks two buttons at once."""

    cookies: dict[tuple[str, str, str], str] = field(default_factory=dict)
    """By host (ports do not count), path and name."""
    steps: list[float] = field(default_factory=list)
    """Of the last page that was opened: the seconds to the first byte of each answer on the way there."""

    async def get(self, url: str) -> Answer:
        return await self._follow("GET", url, b"", came_from=None)

    async def submit(self, url: str, fields: Mapping[str, str], *, came_from: str) -> Answer:
        return await self._follow("POST", url, urlencode(fields).encode(), came_from=came_from)

    async def events(self, url: str) -> AsyncIterator[dict[str, Any]]:
        """Server-sent events as JSON, until the other side ends the stream or the caller stops asking."""
        headers = self._headers(
            url, {"accept": "text/event-stream", "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors"}
        )
        reader, writer = await _send("GET", url, headers, b"")
        try:
            status, received, _ = await _head(reader)
            if status != 200:
                raise BenchError(f"{url} answered {status} instead of a stream of events.")
            async for line in _lines(_pieces(reader, dict(received), status)):
                if line.startswith(b"data:"):
                    yield json.loads(line[5:])
        finally:
            await _close(writer)

    def cookie_header(self, url: str) -> str:
        parts = urlsplit(url)
        fitting = [
            (path, name, value)
            for (host, path, name), value in self.cookies.items()
            if host == parts.hostname and (parts.path or "/").startswith(path)
        ]
        return "; ".join(
            f"{name}={value}" for path, name, value in sorted(fitting, key=lambda one: -len(one[0]))
        )

    async def _follow(self, method: str, url: str, body: bytes, *, came_from: str | None) -> Answer:
        origin = _origin(came_from) if came_from else None
        site = "none" if origin is None else "same-origin"
        self.steps = []
        for _ in range(MOST_REDIRECTS):
            if origin is not None and _origin(url) != origin:
                site = "cross-site"
            headers = self._headers(url, _navigation(site))
            if method == "POST":
                headers |= {
                    "content-type": "application/x-www-form-urlencoded",
                    "origin": origin or _origin(url),
                }
            began = time.perf_counter()
            answer = await fetch(method, url, headers=headers, body=body)
            self.steps.append(answer.first_byte_at - began)
            self._keep(answer)
            location = answer.header("location")
            if answer.status not in {301, 302, 303, 307, 308} or location is None:
                return answer
            if answer.status not in {307, 308}:
                method, body = "GET", b""
            url, origin = urljoin(url, location), origin or _origin(url)
        raise BenchError(f"{url} redirected more than {MOST_REDIRECTS} times.")

    def _headers(self, url: str, more: Mapping[str, str]) -> dict[str, str]:
        headers = {"user-agent": AGENT, **more}
        if cookies := self.cookie_header(url):
            headers["cookie"] = cookies
        return headers

    def _keep(self, answer: Answer) -> None:
        parts = urlsplit(answer.url)
        for name, value in answer.headers:
            if name == "set-cookie":
                self._keep_one(value, parts)

    def _keep_one(self, text: str, parts: SplitResult) -> None:
        pair, *attributes = (piece.strip() for piece in text.split(";"))
        name, _, value = pair.partition("=")
        said = {key.lower(): told for key, _, told in (one.partition("=") for one in attributes)}
        path = said.get("path") or parts.path.rpartition("/")[0] or "/"
        key = (parts.hostname or "", path, name)
        if said.get("max-age") == "0" or "1970" in said.get("expires", "") or not value:
            self.cookies.pop(key, None)
        else:
            self.cookies[key] = value


def _navigation(site: str) -> dict[str, str]:
    return {
        "accept": "text/html,application/xhtml+xml,*/*;q=0.8",
        "sec-fetch-site": site,
        "sec-fetch-mode": "navigate",
        "sec-fetch-dest": "document",
        "sec-fetch-user": "?1",
    }


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
