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
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


def moment_and_id(after: str) -> tuple[datetime, str]:
    at, row_id = _unpack(after, 2)
    try:
        return datetime.fromisoformat(str(at)).astimezone(UTC), _text(row_id)
    except (ValueError, OverflowError) as error:
        raise _unusable() from error


def number(after: str) -> int:
    (value,) = _unpack(after, 1)
    if not isinstance(value, int) or not 0 <= value <= _LARGEST:
        raise _unusable()
    return value


def word(after: str) -> str:
    return _text(_unpack(after, 1)[0])


def _text(value: object) -> str:
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
