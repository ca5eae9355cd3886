"""Server-sent events: a timeline as it happens, numbered so that any replica can go on where another stopped."""

from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, suppress
from functools import partial
from typing import Final

from fastapi import Request
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from carrel.domain.errors import Exhausted, Forbidden, NotFound, Unauthenticated
from carrel.domain.event import Event
from carrel.wire.v1.shape import Telling

MEDIA_TYPE: Final = "text/event-stream"
MOST_STREAMS: Final = 20
"""At once for one person: each costs a look at the store every few seconds."""

_HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class Streams:
    """Who has how many open in this process."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()

    def of(self, who: str) -> int:
        return self._open[who]

    def enter(self, who: str) -> None:
        """Counted at once, so that many at the same moment cannot slip through. Raises Exhausted."""
        if self.of(who) >= MOST_STREAMS:
            raise Exhausted(f"You have {MOST_STREAMS} event streams open. Close some first.")
        self._open[who] += 1

    def leave(self, who: str) -> None:
        self._open[who] -= 1
        if not self._open[who]:
            del self._open[who]


class _Counted(StreamingResponse):
    """Leaves when it is over, however it ends."""

    def __init__(self, content: AsyncIterator[str], leave: Callable[[], None]) -> None:
        super().__init__(content, media_type=MEDIA_TYPE, headers=_HEADERS)
        self._leave = leave

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._leave()


def is_wanted(request: Request) -> bool:
    return MEDIA_TYPE in request.headers.get("accept", "")


def last_seen(request: Request) -> int:
    """What a browser says when it comes back after a break. Anything but a number means: from the start."""
    text = request.headers.get("last-event-id", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def stream(
    events: AsyncGenerator[Event | None, None],
    *,
    render: Callable[[Event], Telling],
    current: Callable[[], Awaitable[Telling]],
    streams: Streams,
    who: str,
) -> StreamingResponse:
    """Every event as a plain message. In its silences, and first of all, the thing itself whenever it changed, named `claim`;
    at the end once more, named `settled`, after which a client may hang up. `current` refuses whoever may no longer know:
    the stream then ends without a last word, and a client that comes back is told why.
    """
    streams.enter(who)
    return _Counted(_messages(events, render, current), partial(streams.leave, who))


async def _messages(
    events: AsyncGenerator[Event | None, None],
    render: Callable[[Event], Telling],
    current: Callable[[], Awaitable[Telling]],
) -> AsyncIterator[str]:
    with suppress(Unauthenticated, Forbidden, NotFound):
        async with aclosing(events) as heard:
            async for message in _told(heard, render, current):
                yield message
        yield _named("settled", (await current()).model_dump_json())


async def _told(
    events: AsyncGenerator[Event | None, None],
    render: Callable[[Event], Telling],
    current: Callable[[], Awaitable[Telling]],
) -> AsyncIterator[str]:
    told = (await current()).model_dump_json()
    yield _named("claim", told)
    async for event in events:
        if event is not None:
            yield f"id: {event.seq}\ndata: {render(event).model_dump_json()}\n\n"
            continue
        now = (await current()).model_dump_json()
        yield ": still here\n\n" if now == told else _named("claim", now)
        told = now


def _named(name: str, data: str) -> str:
    return f"event: {name}\ndata: {data}\n\n"
