"""What an app saved in a slot beside the home that came later goes home. Done as root, in a home whose owner may be at work on this machine.

So nothing is found by its path: every directory is opened, none of ours lets anybody in before it is done, and no file keeps rights of its owner's.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from carrel.drivers.docker.homes.folders import DIRECTORY
from carrel.drivers.docker.homes.idmap import give_to
from carrel.drivers.docker.homes.mounts import FileOwner
from carrel.drivers.ondisk.removing import empty

_RIGHTS: Final = 0o777
_DEEPEST: Final = 100
"""What lies deeper was made to keep somebody busy."""
_READING: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_WRITING: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_PIECE: Final = 1 << 20


def bring_home(saved: int, home: int, name: str, owner: FileOwner) -> None:
    """`saved`, `home`: open directories. Whole or not at all, as the directory `name` of `owner`. Raises OSError."""
    draft = f".{name}"
    with suppress(FileNotFoundError):
        _remove(draft, home)
    os.mkdir(draft, 0o700, dir_fd=home)
    with _opened(draft, home) as made:
        if os.fstat(made).st_uid != os.geteuid():
            raise OSError(errno.EPERM, "somebody put another directory in its place", draft)
        _copy(saved, made, _DEEPEST)
        give_to(made, owner)
    os.rename(draft, name, src_dir_fd=home, dst_dir_fd=home)


def _remove(name: str, directory: int) -> None:
    if stat.S_ISDIR(os.lstat(name, dir_fd=directory).st_mode):
        with _opened(name, directory) as inner:
            empty(inner)
        os.rmdir(name, dir_fd=directory)
    else:
        os.unlink(name, dir_fd=directory)


def _copy(source: int, target: int, deepest: int) -> None:
    """Sockets, pipes and devices are no part of somebody's work."""
    for name in os.listdir(source):
        found = os.lstat(name, dir_fd=source)
        if stat.S_ISLNK(found.st_mode):
            os.symlink(os.readlink(name, dir_fd=source), name, dir_fd=target)
        elif stat.S_ISREG(found.st_mode):
            _copy_file(name, source, target)
        elif stat.S_ISDIR(found.st_mode) and deepest:
            os.mkdir(name, 0o700, dir_fd=target)
            with _opened(name, source) as inner, _opened(name, target) as made:
                _copy(inner, made, deepest - 1)
                _as_it_was(made, found)


def _copy_file(name: str, source: int, target: int) -> None:
    reading = os.open(name, _READING, dir_fd=source)
    try:
        writing = os.open(name, _WRITING, 0o600, dir_fd=target)
        try:
            found = os.fstat(reading)
            _copy_content(reading, writing)
            os.ftruncate(writing, found.st_size)
            _as_it_was(writing, found)
        finally:
            os.close(writing)
    finally:
        os.close(reading)


def _copy_content(reading: int, writing: int) -> None:
    """A hole stays one: a huge file of nothing must not fill the disk."""
    at = 0
    while (piece := _data(reading, at)) is not None:
        at, end = piece
        while at < end and (content := os.pread(reading, min(_PIECE, end - at), at)):
            at += os.pwrite(writing, content, at)
        at = end


def _data(file: int, at: int) -> tuple[int, int] | None:
    """Where there is something from `at` on; None where nothing follows."""
    try:
        begin = os.lseek(file, at, os.SEEK_DATA)
    except OSError as problem:
        if problem.errno != errno.ENXIO:
            raise
        return None
    return begin, os.lseek(file, begin, os.SEEK_HOLE)


def _as_it_was(made: int, found: os.stat_result) -> None:
    os.fchmod(made, found.st_mode & _RIGHTS)
    os.utime(made, ns=(found.st_atime_ns, found.st_mtime_ns))


@contextmanager
def _opened(name: str, directory: int) -> Iterator[int]:
    opened = os.open(name, DIRECTORY, dir_fd=directory)
    try:
        yield opened
    finally:
        os.close(opened)
