"""The state directory: what is in it, who may read it, and that only one Carrel runs in it."""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from carrel.domain.errors import Conflict, Unavailable

PRIVATE = 0o700


@dataclass(frozen=True, slots=True)
class StateDir:
    root: Path

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def pid_file(self) -> Path:
        return self.run / "carrel.pid"

    @property
    def hub_socket(self) -> Path:
        return self.run / "hub.sock"

    @property
    def authorizer_socket(self) -> Path:
        return self.run / "authorizer.sock"

    @property
    def owner_socket(self) -> Path:
        """Whoever may open it owns the state directory, and is believed without a token."""
        return self.run / "owner.sock"

    def prepare(self) -> None:
        """Make what is missing, private. Raises Unavailable naming the directory."""
        for path in (self.root, self.run, self.root / "homes", self.root / "slots", self.root / "logs"):
            try:
                path.mkdir(mode=PRIVATE, parents=path == self.root, exist_ok=True)
                if path != self.root:
                    path.chmod(PRIVATE)
                _demand_access(path)
            except FileExistsError as error:
                raise Unavailable(
                    f"The state directory {path} cannot be used: it is no directory. Move it away, or choose another with --state-dir."
                ) from error
            except OSError as error:
                why = error.strerror or str(error)
                raise Unavailable(
                    f"The state directory {path} cannot be used: {why}. Make it writable, or choose another with --state-dir."
                ) from error

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the directory while we run. Raises Conflict when another Carrel does.

        The lock is the kernel's, so a killed Carrel leaves none behind; the pid in the file is for people and scripts.
        """
        descriptor = self._locked()
        try:
            yield
            os.ftruncate(descriptor, 0)
        finally:
            os.close(descriptor)

    def _locked(self) -> int:
        """The descriptor of the pid file. Raises as `held`, and Unavailable where it cannot be written."""
        try:
            descriptor = os.open(self.pid_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        except BlockingIOError as error:
            pid = os.pread(descriptor, 32, 0).decode(errors="replace").strip()
            os.close(descriptor)
            raise Conflict(
                f"Carrel already runs in {self.root} (process {pid or 'unknown'}). Stop it first, or choose another --state-dir."
            ) from error
        except OSError as error:
            os.close(descriptor)
            raise self._unwritable(error) from error
        return descriptor

    def _unwritable(self, error: OSError) -> Unavailable:
        return Unavailable(
            f"The file {self.pid_file} cannot be written: {error.strerror}. "
            "Free some space and check who owns it, or choose another --state-dir."
        )


def _demand_access(path: Path) -> None:
    if os.statvfs(path).f_flag & os.ST_RDONLY:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        raise PermissionError("it may not be read and written by this user")
