"""Shared folders in a home: links to where they are on this machine. What a person has in such a place already stays, and counts.

The links are for reading as far as the folders' own permissions say so; nothing here changes those.
"""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path


def bring_in(home: Path, folders: Mapping[str, str]) -> None:
    """Harmless where they are in. A folder that is not there is left out."""
    for name, folder in folders.items():
        place = home / name
        if os.path.lexists(place) or not Path(folder).is_dir():
            continue
        with suppress(FileExistsError, NotADirectoryError):
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if _is_within(home, place.parent):
                place.symlink_to(folder)


def take_out(home: Path, folders: Mapping[str, str]) -> None:
    """Only the links, and only those that still lead there."""
    for name, folder in folders.items():
        place = home / name
        if not place.is_symlink() or str(place.readlink()) != folder or not _is_within(home, place.parent):
            continue
        place.unlink()
        if place.parent != home:
            with suppress(OSError):
                place.parent.rmdir()


def _is_within(home: Path, directory: Path) -> bool:
    """A link of the person's own may stand in the way."""
    return directory.resolve().is_relative_to(home.resolve())
