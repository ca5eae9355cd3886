"""Small files that are there whole or not at all, whatever is killed meanwhile; and files that are on the disk whatever loses power."""

import ctypes
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

_LIBC: Final = ctypes.CDLL(None, use_errno=True)
"""Python itself has no syncfs."""


def write_object(path: Path, found: Mapping[str, Any]) -> None:
    write_whole(path, json.dumps(found))


def write_whole(path: Path, text: str) -> None:
    """Replaces a link that stands at `path` instead of writing through it."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    opened = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(opened, "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)


def read_object(path: Path) -> dict[str, Any] | None:
    """None if it is absent or no JSON object: a damaged note must not stand in the way of removing what it is about."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def written_out(directory: Path) -> None:
    """Returns once what was written to its file system is on the disk. Of the whole file system, for nobody knows which files an app
    wrote, and to look at each takes longer. Raises OSError, also for what could not be written.
    """
    opened = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if _LIBC.syncfs(opened) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(directory))
    finally:
        os.close(opened)
