"""Room that is set aside beside the store's file, and given up piece by piece when its disk is full, so that Carrel goes on and can say so.

Where files of people lie on the same disk, whoever fills it would otherwise silence the one that is to name the cause. Writes nothing else.
"""

import contextlib
import errno
import os
import sqlite3
import threading
from pathlib import Path
from typing import Final

import structlog

from carrel.domain.units import rough_size
from carrel.store.explain import sqlite_code

SIZE: Final = 32 << 20
"""Bytes: hours of what a busy Carrel writes, beside a log that is folded into the file at 4 MiB."""
PIECE: Final = 2 << 20
"""Bytes given up at a time. What goes on writing to a full disk takes the rest of a piece, and not all there is; and the disk still counts as
full for people (`drivers/docker/disks.py`), which must be found."""
SHARE: Final = 10
"""It may take a tenth of what is free: a disk that is nearly full already is not filled up by us."""
_PERHAPS: Final = frozenset({sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN})
"""A full disk too, where a file beside the store's cannot be made or grow."""
_CANNOT: Final = frozenset({errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS})
"""What file systems answer that allocate nothing beforehand."""
_log = structlog.get_logger(__name__)


class Ballast:
    """May be used from several threads. A crash at any line leaves a file that is too small, which `keep` repairs."""

    def __init__(self, database: Path) -> None:
        self.path = _beside(database)
        self._lock = threading.Lock()
        self._is_told = False

    def keep(self) -> None:
        """Makes it, or makes it whole again, where there is plenty of room. Raises nothing: Carrel runs without it too."""
        with self._lock:
            try:
                if _size(self.path) < SIZE and _fits(self.path):
                    self._grow()
            except OSError as error:
                self._tell("no room is set aside for a full disk", f"{self.path}: {error.strerror}.")

    def relieve(self, error: Exception) -> bool:
        """Whether what failed with this error is worth another try: the disk was full, and a piece was given up."""
        code = sqlite_code(error)
        if code == sqlite3.SQLITE_FULL:
            return self.give()
        return code in _PERHAPS and self.give_if_full()

    def give_if_full(self) -> bool:
        """For whatever else could not be written on this disk."""
        try:
            return _free(self.path.parent) < PIECE // 2 and self.give()
        except OSError:
            return False

    def give(self) -> bool:
        """False where nothing is left."""
        with self._lock:
            try:
                size = _size(self.path)
                if size == 0:
                    return False
                _shrink(self.path, size - PIECE)
            except OSError:
                return False
            self._tell(
                "disk full, going on with what was set aside",
                f"The disk of {self.path.parent} is full; what Carrel set aside there lasts for a while. Free some space on it now.",
            )
            return True

    def _grow(self) -> None:
        before = _size(self.path)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(self.path, flags, 0o600)
        try:
            os.fchmod(descriptor, 0o600)
            _allocate(descriptor, before)
        except OSError:
            os.ftruncate(descriptor, before)
            raise
        finally:
            os.close(descriptor)
        self._is_told = False
        _log.info("room set aside for a full disk", file=str(self.path), size=rough_size(SIZE))

    def _tell(self, what: str, why: str) -> None:
        """Once, until it is whole again."""
        if not self._is_told:
            _log.error(what, why=why)
        self._is_told = True


def kept(database: Path) -> int:
    """How many bytes are set aside beside this file. Raises OSError."""
    return _size(_beside(database))


def will_be_kept(database: Path) -> bool:
    """Whether there is plenty of room for all of it. Raises OSError."""
    return _fits(_beside(database))


def _beside(database: Path) -> Path:
    return database.with_name(f"{database.name}-ballast")


def _fits(path: Path) -> bool:
    return SIZE - _size(path) <= _free(path.parent) // SHARE


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except FileNotFoundError:
        return 0


def _free(folder: Path) -> int:
    """For this user."""
    stat = os.statvfs(folder)
    return stat.f_bavail * stat.f_frsize


def _allocate(descriptor: int, start: int) -> None:
    try:
        os.posix_fallocate(descriptor, start, SIZE - start)
    except OSError as error:
        if error.errno not in _CANNOT:
            raise
        for at in range(start, SIZE, PIECE):
            os.pwrite(descriptor, bytes(min(PIECE, SIZE - at)), at)


def _shrink(path: Path, left: int) -> None:
    """On to the disk at once: some file systems hand out what was freed only then."""
    if left <= 0:
        path.unlink()
        return
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        os.ftruncate(descriptor, left)
        with contextlib.suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
