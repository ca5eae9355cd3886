"""Small files that are there whole or not at all, whatever is killed meanwhile."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


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
