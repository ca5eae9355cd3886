"""Removes a directory for good: follows no link, and goes through no mount. Who may be removed when is decided elsewhere."""

import os
import shutil
import stat
from pathlib import Path

from carrel.ports.driver import DriverUnavailable

MOUNTS = Path("/proc/self/mountinfo")


def remove_tree(path: Path, *, what: str) -> None:
    """Absence is success; of a link only the link goes. Raises DriverUnavailable if something is mounted below it, OSError."""
    if path.is_symlink():
        path.unlink()
        return
    if not path.exists():
        return
    _refuse_mounts(path, what)
    try:
        shutil.rmtree(path)
    except PermissionError:
        _unlock(path)
        shutil.rmtree(path)


def _refuse_mounts(path: Path, what: str) -> None:
    """Removing a slot through a bind mount once deleted the files of the person whose home was mounted there."""
    own = os.fsencode(path.resolve())
    for line in MOUNTS.read_bytes().splitlines():
        mounted = _unescaped(line.split()[4])
        if mounted == own or mounted.startswith(own + b"/"):
            raise DriverUnavailable(
                f"{os.fsdecode(mounted)} is a mount point, so {what} is not removed: unmount it."
            )


def _unescaped(field: bytes) -> bytes:
    """The kernel writes blanks, tabs, newlines and backslashes in octal."""
    for octal in (b"\\040", b"\\011", b"\\012", b"\\134"):
        field = field.replace(octal, bytes([int(octal[1:], 8)]))
    return field


def _unlock(path: Path) -> None:
    """People may lock directories against themselves; links are neither followed nor changed."""
    for directory, names, _ in os.walk(path, onerror=None, followlinks=False):
        for each in (directory, *(os.path.join(directory, name) for name in names)):  # noqa: PTH118 - os.walk speaks text
            if stat.S_ISDIR(os.lstat(each).st_mode):
                os.chmod(each, 0o700)  # noqa: PTH101 - as above
