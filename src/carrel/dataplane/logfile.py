"""Keeps a log that somebody else appends to from filling the disk."""

import os
from pathlib import Path

KEPT = 1 << 20


def bound(path: Path, limit: int) -> bool:
    """Empty it once it is longer than `limit` bytes, and keep its end beside it as `<name>.1`. True if it was emptied.

    The writer appends (O_APPEND), so it simply goes on at the new end; what it writes in between may be lost.
    """
    try:
        if path.stat().st_size <= limit:
            return False
        descriptor = os.open(path.with_name(path.name + ".1"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as kept:
            kept.write(tail(path, KEPT))
        os.truncate(path, 0)
    except FileNotFoundError:
        return False
    return True


def tail(path: Path, size: int) -> bytes:
    try:
        with path.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(0, end - size))
            return file.read(size)
    except FileNotFoundError:
        return b""
