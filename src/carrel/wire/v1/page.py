"""One page of a list: `next`, handed back as `after`, brings the following page; null at the end."""

from typing import Generic, TypeVar

from carrel.wire.v1.shape import Telling

T = TypeVar("T", bound=Telling)


class Page(Telling, Generic[T]):
    items: list[T]
    next: str | None = None
