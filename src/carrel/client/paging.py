"""A whole list out of its pages."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

from carrel.wire.v1 import Page
from carrel.wire.v1.shape import Telling

T = TypeVar("T", bound=Telling)


async def every(fetch: Callable[[str | None], Awaitable[Page[T]]]) -> AsyncIterator[T]:
    """`fetch` gets what the page before gave as `next`, at first None: `every(lambda after: claims.page(client, after=after))`."""
    after: str | None = None
    while True:
        found = await fetch(after)
        for item in found.items:
            yield item
        after = found.next
        if after is None:
            return
