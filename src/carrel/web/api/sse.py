"""Server-sent events: a timeline as it happens, numbered so that any replica can go on where another stopped."""

from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, aclosing, contextmanager
from typing import Final

from fastapi import Request
from starlette.responses import StreamingResponse

from carrel.domain.errors import Exhausted
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

    @contextmanager
    def one_more(self, who: str) -> Iterator[None]:
        self._open[who] += 1
        try:
            yield
        finally:
            self._open[who] -= 1
            if not self._open[who]:
                del self._open[who]

    def admit(self, who: str) -> None:
        if self.of(who) >= MOST_STREAMS:
            raise Exhausted(f"You have {MOST_STREAMS} event streams open. Close some first.")


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
    at the end once more, named `settled`, after which a client may hang up.
    """
    streams.admit(who)
    return StreamingResponse(
        _messages(events, render, current, streams.one_more(who)), media_type=MEDIA_TYPE, headers=_HEADERS
    )


async def _messages(
    events: AsyncGenerator[Event | None, None],
    render: Callable[[Event], Telling],
    current: Callable[[], Awaitable[Telling]],
    counted: AbstractContextManager[None],
) -> AsyncIterator[str]:
    with counted:
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
