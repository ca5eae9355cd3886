"""Page cursors: the sort key of the last row seen, packed so that callers cannot grow fond of its parts. Stable under inserts."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from carrel.domain.errors import Invalid
from carrel.domain.page import Page

T = TypeVar("T")
K = TypeVar("K")

MOST = 500
"""Rows on one page at the most, whatever was asked for."""

_LARGEST = 2**63 - 1
"""The largest number a row can have."""


def size(limit: int) -> int:
    return max(1, min(limit, MOST))


def page_of(rows: Sequence[T], limit: int, key: Callable[[T], tuple[object, ...]]) -> Page[T]:
    """`rows` were read with one more than `size(limit)`: the extra one only shows that there is a next page."""
    shown = rows[: size(limit)]
    return Page(shown, pack(key(shown[-1])) if len(rows) > len(shown) else None)


def pack(key: tuple[object, ...]) -> str:
    plain = [part.isoformat() if isinstance(part, datetime) else part for part in key]
    text = json.dumps(plain, ensure_ascii=False).encode(errors="surrogatepass")
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def moment_and_id(after: str) -> tuple[datetime, str]:
    at, row_id = _unpack(after, 2)
    return moment(at), text(row_id)


def number(after: str) -> int:
    return whole(_unpack(after, 1)[0])


def word(after: str) -> str:
    return text(_unpack(after, 1)[0])


def place(after: str, order: str, read: Callable[[object], K]) -> tuple[K | None, str]:
    """The value and id of the last row seen, in a list that can be sorted in several ways; of this very `order`."""
    of_order, value, row_id = _unpack(after, 3)
    if of_order != order:
        raise Invalid("That page cursor is of another order. Start again at the first page, without `after`.")
    return (None if value is None else read(value)), text(row_id)


def moment(value: object) -> datetime:
    try:
        return datetime.fromisoformat(str(value)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _unusable() from error


def whole(value: object) -> int:
    if not isinstance(value, int) or not 0 <= value <= _LARGEST:
        raise _unusable()
    return value


def text(value: object) -> str:
    """Only what can be a name or an id: half a character or a null byte would be an accident in the database."""
    if not isinstance(value, str) or not value.isprintable():
        raise _unusable()
    return value


def _unpack(after: str, parts: int) -> list[Any]:
    try:
        found = json.loads(base64.urlsafe_b64decode(after + "=" * (-len(after) % 4)))
    except (binascii.Error, ValueError) as error:
        raise _unusable() from error
    if not isinstance(found, list) or len(found) != parts:
        raise _unusable()
    return found


def _unusable() -> Invalid:
    return Invalid("That page cursor is not one of ours. Start again at the first page, without `after`.")
