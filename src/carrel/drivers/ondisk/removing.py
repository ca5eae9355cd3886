"""Removes a directory for good: follows no link, and goes through no mount. Who may be removed when is decided elsewhere."""

import errno
import itertools
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from carrel.drivers.ondisk import mountinfo
from carrel.ports.driver import DriverUnavailable

MOUNTS = mountinfo.MOUNTS
_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_TOO_DEEP: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENAMETOOLONG})
"""What a tree says that somebody made deeper than programs have files to open."""


def remove_tree(path: Path, *, what: str) -> None:
    """Absence is success; of a link only the link goes. Raises DriverUnavailable if something is mounted below it, OSError."""
    if path.is_symlink():
        path.unlink()
        return
    if not path.exists():
        return
    _refuse_mounts(path, what)
    try:
        _remove(path)
    except PermissionError:
        _unlock(path)
        _remove(path)


def empty(directory: int) -> None:
    """All in an open directory, however deep: each directory found is taken up to the top before it is looked into. Follows no link.

    Raises OSError.
    """
    mark = os.urandom(8).hex()
    names = (f".{mark}-{turn}" for turn in itertools.count())
    while found := os.listdir(directory):
        for name in found:
            _take_apart(name, directory, names)


def _take_apart(name: str, directory: int, names: Iterator[str]) -> None:
    if not _is_directory(name, directory):
        os.unlink(name, dir_fd=directory)
        return
    inner = _opened(name, directory)
    try:
        for each in os.listdir(inner):  # noqa: PTH208 - an open directory has no path
            _take_up(each, inner, directory, next(names))
    finally:
        os.close(inner)
    os.rmdir(name, dir_fd=directory)


def _remove(path: Path) -> None:
    try:
        shutil.rmtree(path)
    except (RecursionError, OSError) as problem:
        if isinstance(problem, OSError) and problem.errno not in _TOO_DEEP:
            raise
        directory = os.open(path, _DIRECTORY)
        try:
            empty(directory)
        finally:
            os.close(directory)
        path.rmdir()


def _take_up(name: str, directory: int, top: int, called: str) -> None:
    if not _is_directory(name, directory):
        os.unlink(name, dir_fd=directory)
        return
    try:
        os.rename(name, called, src_dir_fd=directory, dst_dir_fd=top)
    except PermissionError:
        os.chmod(name, 0o700, dir_fd=directory)
        os.rename(name, called, src_dir_fd=directory, dst_dir_fd=top)


def _opened(name: str, directory: int) -> int:
    try:
        return os.open(name, _DIRECTORY, dir_fd=directory)
    except PermissionError:
        os.chmod(name, 0o700, dir_fd=directory)
        return os.open(name, _DIRECTORY, dir_fd=directory)


def _is_directory(name: str, directory: int) -> bool:
    return stat.S_ISDIR(os.lstat(name, dir_fd=directory).st_mode)


def _refuse_mounts(path: Path, what: str) -> None:
    """Removing a slot through a bind mount once deleted the files of the person whose home was mounted there."""
    own, mounts = os.fsencode(path.resolve()), mountinfo.mounted(MOUNTS)
    for each in mountinfo.below(own, mounts):
        raise DriverUnavailable(
            f"{os.fsdecode(each.point)} is a mount point, so {what} is not removed: unmount it."
        )
    if (other := mountinfo.elsewhere(own, mounts)) is not None:
        raise DriverUnavailable(
            f"It is mounted at {os.fsdecode(other.point)}, so {what} is not removed: unmount it there."
        )


def _unlock(path: Path) -> None:
    """People may lock directories against themselves; links are neither followed nor changed."""
    for directory, names, _ in os.walk(path, onerror=None, followlinks=False):
        for each in (directory, *(os.path.join(directory, name) for name in names)):  # noqa: PTH118 - os.walk speaks text
            if stat.S_ISDIR(os.lstat(each).st_mode):
                os.chmod(each, 0o700)  # noqa: PTH101 - as above
