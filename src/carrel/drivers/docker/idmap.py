"""A home as a container's person sees it: on the disk the files are one owner's, inside they are another's, and nothing is changed on the disk.

Where a file system cannot show files so, their owner is changed for good; that is remembered of the file system.
"""

import os
from pathlib import Path
from threading import Lock
from typing import Final

from carrel.drivers.docker import kernel
from carrel.drivers.docker.mounts import FileOwner

_ALL: Final = 2**32 - 1
"""Ids there are; the last number of 32 bits is none."""


class Mapper:
    """Used from several threads."""

    def __init__(self) -> None:
        self._namespaces: dict[str, int] = {}
        self._cannot: set[int] = set()
        self._lock = Lock()

    def mount(self, source: int, target: int, inside: FileOwner, *, what: str) -> None:
        """`source`: the home, `target`: where it is to appear, both open directories. Raises OSError."""
        found = os.fstat(source)
        on_disk = FileOwner(found.st_uid, found.st_gid)
        if on_disk == inside:
            kernel.mount_over(source, target, namespace=None, what=what)
        elif found.st_dev in self._cannot or not self._mounted(source, target, on_disk, inside, what):
            self._cannot.add(found.st_dev)
            give_to(source, inside)
            kernel.mount_over(source, target, namespace=None, what=what)

    def close(self) -> None:
        """What is mounted stays."""
        with self._lock:
            for namespace in self._namespaces.values():
                os.close(namespace)
            self._namespaces.clear()

    def _mounted(self, source: int, target: int, on_disk: FileOwner, inside: FileOwner, what: str) -> bool:
        """False where neither this kernel nor this file system can."""
        try:
            namespace = self._namespace(on_disk, inside)
            kernel.mount_over(source, target, namespace=namespace, what=what)
        except OSError as problem:
            if problem.errno not in kernel.CANNOT:
                raise
            return False
        return True

    def _namespace(self, on_disk: FileOwner, inside: FileOwner) -> int:
        """One for each pair, for there are few: making one takes a process."""
        users, groups = swapped(on_disk.uid, inside.uid), swapped(on_disk.gid, inside.gid)
        with self._lock:
            known = self._namespaces.get(users + groups)
            if known is None:
                known = kernel.user_namespace(users, groups)
                self._namespaces[users + groups] = known
            return known


def can_map(place: Path) -> bool:
    """Whether files there can be shown as somebody else's. Changes nothing. Raises OSError."""
    opened = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        namespace = kernel.user_namespace(swapped(0, 1000), swapped(0, 1000))
        try:
            return kernel.can_map(opened, namespace)
        finally:
            os.close(namespace)
    finally:
        os.close(opened)


def swapped(one: int, other: int) -> str:
    """A map of all ids in which two change places. What belongs to anybody else stays theirs."""
    low, high = sorted((one, other))
    if low == high:
        return f"0 0 {_ALL}\n"
    parts = (
        (0, 0, low),
        (low, high, 1),
        (low + 1, low + 1, high - low - 1),
        (high, low, 1),
        (high + 1, high + 1, _ALL - high - 1),
    )
    return "".join(f"{first} {shown} {count}\n" for first, shown, count in parts if count)


def give_to(directory: int, owner: FileOwner) -> None:
    """All in an open directory, and at last itself: it is the sign that all is done. Follows no link. Raises OSError."""
    found = os.fstat(directory)
    if (found.st_uid, found.st_gid) == (owner.uid, owner.gid):
        return
    for _, directories, others, opened in os.fwalk(
        ".", topdown=False, follow_symlinks=False, dir_fd=directory
    ):
        for name in (*directories, *others):
            os.chown(name, owner.uid, owner.gid, dir_fd=opened, follow_symlinks=False)
    os.fchown(directory, owner.uid, owner.gid)
