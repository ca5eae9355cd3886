"""What is mounted where, as the kernel tells this process. Reads; mounts and unmounts nothing."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MOUNTS: Final = Path("/proc/self/mountinfo")
_OCTAL: Final = re.compile(rb"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class Mount:
    device: bytes
    root: bytes
    """Which directory of its file system this is."""
    point: bytes
    peers: bytes
    """The group of those in which a mount appears that is made in one of them; empty: nowhere else."""
    options: tuple[bytes, ...] = ()
    """Those of its file system as a whole, such as "prjquota"."""

    @property
    def is_shared(self) -> bool:
        return bool(self.peers)


def mounted(source: Path = MOUNTS) -> list[Mount]:
    """In the order they were mounted in. Raises OSError."""
    return [_read(line) for line in source.read_bytes().splitlines()]


def below(path: bytes, mounts: list[Mount]) -> list[Mount]:
    """At `path`, which must be resolved, and below it."""
    return [each for each in mounts if each.point == path or each.point.startswith(path + b"/")]


def elsewhere(path: bytes, mounts: list[Mount]) -> Mount | None:
    """A mount through which the directory `path`, or one in it, can be reached besides."""
    above = [each for each in mounts if path == each.point or path.startswith(each.point.rstrip(b"/") + b"/")]
    if not above:
        return None
    # of two at one point, the later one covers the other
    own = max(reversed(above), key=lambda each: len(each.point))
    inside = own.root.rstrip(b"/") + path[len(own.point.rstrip(b"/")) :]
    others = (each for each in mounts if each.device == own.device and each.point != own.point)
    return next((each for each in others if each.root == inside or each.root.startswith(inside + b"/")), None)


def _read(line: bytes) -> Mount:
    fields = line.split()
    end = fields.index(b"-")
    return Mount(
        device=fields[2],
        root=_unescaped(fields[3]),
        point=_unescaped(fields[4]),
        peers=next((each for each in fields[6:end] if each.startswith(b"shared:")), b""),
        options=tuple(fields[end + 3].split(b",")),
    )


def _unescaped(field: bytes) -> bytes:
    """The kernel writes blanks, tabs, newlines and backslashes in octal."""
    return _OCTAL.sub(lambda found: bytes([int(found[1], 8)]), field)
