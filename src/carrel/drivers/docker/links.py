"""Shared folders in a home on this machine: links to where they are inside the container. What a person has in such a place stays, and counts.

The home may be in use by somebody who wants something else: every directory on the way is opened, and a link there ends the way.
"""

import errno
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Final

from carrel.drivers.docker.mounts import FileOwner
from carrel.drivers.docker.slots import DIRECTORY

_IN_THE_WAY: Final = frozenset({errno.EEXIST, errno.ENOTDIR, errno.ELOOP})


def bring_in(home: int, links: Mapping[str, str], owner: FileOwner) -> None:
    """`home`: an open directory. Harmless where they are in. Raises OSError."""
    for name, target in links.items():
        *above, last = name.split("/")
        try:
            with _opened(home, above, owner) as directory:
                os.symlink(target, last, dir_fd=directory)
                os.chown(last, owner.uid, owner.gid, dir_fd=directory, follow_symlinks=False)
        except OSError as problem:
            if problem.errno not in _IN_THE_WAY:
                raise


def take_out(home: int, links: Mapping[str, str]) -> None:
    """Only those that still lead there, and the directories that were made for them, where they are empty."""
    for name, target in links.items():
        *above, last = name.split("/")
        with suppress(OSError):
            with _opened(home, above, None) as directory:
                if os.readlink(last, dir_fd=directory) == target:
                    os.unlink(last, dir_fd=directory)
            _remove_empty(home, above)


def _remove_empty(home: int, above: list[str]) -> None:
    for end in range(len(above), 0, -1):
        with _opened(home, above[: end - 1], None) as directory:
            os.rmdir(above[end - 1], dir_fd=directory)


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
