"""Shared folders in a home: mounted in it for reading, on directories that are made for them. What a person has in such a place stays, and counts.

The home may be in use by somebody who wants something else: every directory on the way is opened, and a link there ends the way.
"""

import errno
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from carrel.drivers.docker.homes import kernel
from carrel.drivers.docker.homes.mounts import FileOwner

DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
"""How every directory is opened that people can put a link in the place of."""
_IN_THE_WAY: Final = frozenset({errno.EEXIST, errno.ENOTDIR, errno.ELOOP})


def make_room(home: int, names: Iterable[str], owner: FileOwner) -> None:
    """`home`: an open directory, of `owner` on the disk. Harmless where there is room already. Raises OSError."""
    for name in names:
        with _unless_in_the_way(), _opened(home, name.split("/"), owner):
            continue


def bring_in(home: int, folders: Mapping[str, str]) -> None:
    """`home`: as it is mounted. Harmless where they are in; a folder that is not there is left out. Raises OSError."""
    for name, folder in folders.items():
        with _unless_in_the_way(), suppress(FileNotFoundError), _opened(home, name.split("/"), None) as place:
            if os.path.samestat(os.fstat(place), Path(folder).stat()) or not _is_empty(place):
                continue
            source = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                kernel.mount_to_read(source, place, what=folder)
            finally:
                os.close(source)


def take_away_room(home: int, names: Iterable[str]) -> None:
    """Once nothing is mounted there. Directories in which somebody has something by now stay."""
    for name in names:
        parts = name.split("/")
        for end in range(len(parts), 0, -1):
            with suppress(OSError), _opened(home, parts[: end - 1], None) as directory:
                os.rmdir(parts[end - 1], dir_fd=directory)


def _is_empty(directory: int) -> bool:
    with os.scandir(directory) as entries:
        return next(entries, None) is None


@contextmanager
def _unless_in_the_way() -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        if problem.errno not in _IN_THE_WAY:
            raise


@contextmanager
def _opened(home: int, way: list[str], owner: FileOwner | None) -> Iterator[int]:
    """What is missing is made where there is an owner for it. A link in the way is an OSError."""
    at = os.dup(home)
    try:
        for part in way:
            if owner is not None:
                _make(part, at, owner)
            following = os.open(part, DIRECTORY, dir_fd=at)
            os.close(at)
            at = following
        yield at
    finally:
        os.close(at)


def _make(name: str, directory: int, owner: FileOwner) -> None:
    with suppress(FileExistsError):
        os.mkdir(name, 0o700, dir_fd=directory)
        os.chown(name, owner.uid, owner.gid, dir_fd=directory, follow_symlinks=False)
