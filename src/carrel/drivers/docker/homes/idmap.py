"""A home as a container's person sees it: on the disk the files are one owner's, inside they are another's, and nothing is changed on the disk.

Where a file system cannot show files so, their owner is changed for good; that is remembered of the file system.
"""

import os
from enum import Enum
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Final

from carrel.drivers.docker.homes import kernel
from carrel.drivers.docker.homes.mounts import FileOwner

_ALL: Final = 2**32 - 1
"""Ids there are; the last number of 32 bits is none."""
_APART: Final = 1 << 30
"""So many ids from here on are no user's of a machine; nor does a container have as many."""


def swapped(one: int, other: int) -> str:
    """A map of all ids in which two change places. What belongs to anybody else stays theirs."""
    low, high = sorted((one, other))
    if low == high:
        return f"0 0 {_ALL}\n"
    return _written(
        (0, 0, low),
        (low, high, 1),
        (low + 1, low + 1, high - low - 1),
        (high, low, 1),
        (high + 1, high + 1, _ALL - high - 1),
    )


def alone(on_disk: int, inside: int) -> str:
    """A map in which one is shown as another, and everybody else inside is on the disk somebody whom no machine knows."""
    apart = 2 * _APART if _APART <= on_disk < 2 * _APART else _APART
    if inside >= _APART:
        return _written((on_disk, inside, 1), (apart, 0, _APART))
    return _written(
        (on_disk, inside, 1),
        (apart, 0, inside),
        (apart + inside, _APART + inside, 1),
        (apart + inside + 1, inside + 1, _APART - inside - 1),
    )


def _written(*parts: tuple[int, int, int]) -> str:
    return "".join(f"{first} {shown} {count}\n" for first, shown, count in parts if count)


class Owners(Enum):
    """Whose what is written in a home can be on the disk."""

    ONE = partial(alone)
    """Its owner's alone. Who may read the disk, as a control plane that is not root, must find no program with the rights of root there,
    or of another user of the machine: whoever is root inside could make one.
    """
    ALL = partial(swapped)
    """Anybody's, as the numbers are inside."""


class Mapper:
    """Used from several threads."""

    def __init__(self) -> None:
        self._namespaces: dict[str, int] = {}
        self._cannot: set[int] = set()
        self._lock = Lock()

    def mount(self, source: int, target: int, inside: FileOwner, owners: Owners, *, what: str) -> None:
        """`source`: the home, `target`: where it is to appear, both open directories. Raises OSError."""
        found = os.fstat(source)
        on_disk = FileOwner(found.st_uid, found.st_gid)
        maps = owners.value(on_disk.uid, inside.uid), owners.value(on_disk.gid, inside.gid)
        if on_disk == inside and owners is Owners.ALL:
            kernel.mount_over(source, target, namespace=None, what=what)
        elif found.st_dev in self._cannot or not self._mounted(source, target, maps, what):
            self._cannot.add(found.st_dev)
            give_to(source, inside)
            kernel.mount_over(source, target, namespace=None, what=what)

    def close(self) -> None:
        """What is mounted stays."""
        with self._lock:
            for namespace in self._namespaces.values():
                os.close(namespace)
            self._namespaces.clear()

    def _mounted(self, source: int, target: int, maps: tuple[str, str], what: str) -> bool:
        """False where neither this kernel nor this file system can."""
        try:
            namespace = self._namespace(*maps)
            kernel.mount_over(source, target, namespace=namespace, what=what)
        except OSError as problem:
            if problem.errno not in kernel.CANNOT:
                raise
            return False
        return True

    def _namespace(self, users: str, groups: str) -> int:
        """One for each pair, for there are few: making one takes a process."""
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
