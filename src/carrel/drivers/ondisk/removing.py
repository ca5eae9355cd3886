"""Removes a directory for good: follows no link, and goes through no mount. Who may be removed when is decided elsewhere."""

import os
import shutil
import stat
from pathlib import Path

from carrel.drivers.ondisk import mountinfo
from carrel.ports.driver import DriverUnavailable

MOUNTS = mountinfo.MOUNTS


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
