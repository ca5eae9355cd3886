"""An archive as an answer: sent bit by bit as it is made, so that its size is nobody's business but the disk's."""

from collections import Counter
from collections.abc import AsyncGenerator
from typing import Final

import structlog
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from carrel.domain.errors import CarrelError, Exhausted

MEDIA_TYPE: Final = "application/gzip"
MOST_DOWNLOADS: Final = 3
"""At once for one person: packing is work."""
MOST_IN_ALL: Final = 20

_log = structlog.get_logger(__name__)


class Downloads:
    """Who has how many under way in this process."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()

    def enter(self, who: str) -> None:
        """Raises Exhausted."""
        if self._open[who] >= MOST_DOWNLOADS:
            raise Exhausted(f"You have {MOST_DOWNLOADS} downloads under way. Wait until one of them is over.")
        if self._open.total() >= MOST_IN_ALL:
            raise Exhausted("Many people are downloading just now. Try again in a few minutes.")
        self._open[who] += 1

    def leave(self, who: str) -> None:
        self._open[who] -= 1
        if not self._open[who]:
            del self._open[who]


async def archive(
    chunks: AsyncGenerator[bytes, None], *, name: str, who: str, downloads: Downloads
) -> StreamingResponse:
    """What goes wrong before the first byte is an error like any other; after it the answer breaks off. `name` is a plain name of ours.

    Raises Exhausted, and whatever making the first bytes raises.
    """
    downloads.enter(who)
    try:
        first = await anext(chunks, b"")
    except BaseException:
        downloads.leave(who)
        raise
    return _Archive(first, chunks, name, downloads, who)


class _Archive(StreamingResponse):
    """Lets go of the source when it is over, however it ends: a browser that goes away must not leave half an archive being packed."""

    def __init__(
        self, first: bytes, rest: AsyncGenerator[bytes, None], name: str, downloads: Downloads, who: str
    ) -> None:
        headers = {
            "Content-Disposition": f'attachment; filename="{name}.tar.gz"',
            "Cache-Control": "no-store",
            "X-Accel-Buffering": "no",
        }
        super().__init__(_joined(first, rest), media_type=MEDIA_TYPE, headers=headers)
        self._rest = rest
        self._downloads = downloads
        self._who = who

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._downloads.leave(self._who)
            await self._rest.aclose()

    async def stream_response(self, send: Send) -> None:
        """An answer that began can only be broken off: without its end no client takes it for a whole one."""
        try:
            await super().stream_response(send)
        except CarrelError as error:
            _log.warning("archive broken off", why=error.sentence)


async def _joined(first: bytes, rest: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    yield first
    async for chunk in rest:
        yield chunk
