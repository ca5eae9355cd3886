"""Which control planes of this machine are alive, by files that each holds locked for as long as it lives. What one of them is doing, no
other takes up.
"""

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from carrel.mint import new_id

_SUFFIX = ".alive"


class Presence:
    def __init__(self, directory: Path) -> None:
        """Raises OSError."""
        self.name = new_id()
        self._directory = directory
        self._path = directory / f".{self.name}{_SUFFIX}"
        draft = self._path.with_suffix(".draft")
        self._file = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        # locked before it has its name, so that nobody takes it for one that was left over
        fcntl.flock(self._file, fcntl.LOCK_EX)
        draft.rename(self._path)
        for left in directory.glob(f".*{_SUFFIX}"):
            self.is_gone(left.name.removeprefix(".").removesuffix(_SUFFIX))

    def is_gone(self, name: str) -> bool:
        """Whoever bore that name was killed or ended. Its file goes with it."""
        if name == self.name:
            return False
        path = self._directory / f".{name}{_SUFFIX}"
        try:
            opened = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return True
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink(missing_ok=True)
        except BlockingIOError:
            return False
        finally:
            os.close(opened)
        return True

    def close(self) -> None:
        if self._file >= 0:
            with suppress(OSError):
                self._path.unlink()
            os.close(self._file)
            self._file = -1
