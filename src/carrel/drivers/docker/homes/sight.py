"""Whether the engine sees what this process mounts: both must be in one mount namespace, or in one that passes mounts on. Only looks."""

import os
import socket
import struct
from pathlib import Path
from typing import Final

from carrel.drivers.ondisk import mountinfo
from carrel.ports.driver import DriverUnavailable

_PID_UID_GID: Final = "3i"
_ENGINE_WITHIN: Final = 5.0


def demand_sight(engine: Path, directory: Path) -> None:
    """`engine`: its socket; `directory`: mounted by us. Raises DriverUnavailable, OSError. Blocks.

    A service whose unit says PrivateTmp=, ProtectSystem= or PrivateMounts= has a namespace of its own: what it mounts, no container sees, and
    people would find an empty home.
    """
    pid = _listener(engine)
    table = Path(f"/proc/{pid}/mountinfo")
    if pid <= 0 or not table.exists():
        return  # in a process namespace of its own; nobody can say
    wanted = os.fsencode(directory.resolve())
    if not any(each.point == wanted for each in mountinfo.mounted(table)):
        raise DriverUnavailable(
            f"The container engine does not see what Carrel mounts at {directory}: Carrel runs in a mount namespace of its own. "
            "Take PrivateTmp=, PrivateMounts=, ProtectSystem= and their like out of its unit."
        )


def _listener(path: Path) -> int:
    """Who opened the socket: the engine, or the system's first process for it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
        peer.settimeout(_ENGINE_WITHIN)
        peer.connect(str(path))
        size = struct.calcsize(_PID_UID_GID)
        pid, _, _ = struct.unpack(_PID_UID_GID, peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
        return int(pid)
