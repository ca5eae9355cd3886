"""One page of a list: `next`, handed back as `after`, brings the following page; null at the end."""

from typing import Generic, TypeVar

from pydantic import ConfigDict

from carrel.wire.v1.shape import Telling

T = TypeVar("T", bound=Telling)


class Page(Telling, Generic[T]):
    # its fields need no docstrings, and looking for them where `Page[X]` stands can stumble over the code around it
    model_config = ConfigDict(use_attribute_docstrings=False)

    items: list[T]
    next: str | None = None
