"""Which port an app gets: one of the backend's range, not in use, and not used by another workspace a short while ago."""

import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from zlib import crc32

from carrel.domain.ids import WorkspaceId
from carrel.drivers.local.launch import HOST
from carrel.drivers.ondisk.files import read_object, write_object
from carrel.ports.driver import OutOfCapacity

REST = timedelta(minutes=10)
"""A port rests this long after its workspace is gone: browsers, tickets and routes may still mean the former one."""


class PortBook:
    """Thread-safe. Its file (the cursor, and when ports were given back) survives restarts; who holds which is told by the slots."""

    def __init__(self, path: Path, ports: range, held: Mapping[WorkspaceId, int]) -> None:
        self._path = path
        self._ports = ports
        self._held = dict(held)
        self._lock = threading.Lock()
        found = read_object(path) or {}
        cursor, resting = found.get("cursor"), found.get("resting")
        # elsewhere for every state directory: two installations on one machine would otherwise always reach for the same port
        self._cursor = cursor if isinstance(cursor, int) else ports.start + crc32(bytes(path)) % len(ports)
        self._resting: dict[int, float] = _numbers(resting) if isinstance(resting, dict) else {}

    def take(self, workspace_id: WorkspaceId, now: datetime) -> int:
        """The port it holds already, or a new one. Raises OutOfCapacity."""
        with self._lock:
            if workspace_id not in self._held:
                port = self._next_free(now)
                self._cursor = port + 1
                self._held[workspace_id] = port
                self._save()
            return self._held[workspace_id]

    def give_back(self, workspace_id: WorkspaceId, now: datetime) -> None:
        with self._lock:
            port = self._held.pop(workspace_id, None)
            if port is not None:
                self._resting[port] = now.timestamp()
                self._save()

    def _next_free(self, now: datetime) -> int:
        self._wake_up(now)
        taken = {*self._held.values(), *self._resting}
        first, count = self._ports.start, len(self._ports)
        for step in range(count):
            port = first + (self._cursor - first + step) % count
            if port not in taken and _can_bind(port):
                return port
        raise OutOfCapacity(
            f"None of the ports {first}-{self._ports[-1]} is free: {len(self._held)} are held, "
            f"{len(self._resting)} rest for ten minutes after their last use. Widen the backend's `ports`."
        )

    def _wake_up(self, now: datetime) -> None:
        """A clock that was set back must not let ports rest for ever, hence the absolute distance."""
        rested = REST.total_seconds()
        self._resting = {port: at for port, at in self._resting.items() if abs(now.timestamp() - at) < rested}

    def _save(self) -> None:
        """Best effort: on a full disk a workspace must still be removable, and a lost note costs one port its rest."""
        with suppress(OSError):
            write_object(self._path, {"cursor": self._cursor, "resting": self._resting})


def _numbers(found: dict[str, object]) -> dict[int, float]:
    return {int(port): at for port, at in found.items() if port.isdigit() and isinstance(at, int | float)}


def _can_bind(port: int) -> bool:
    """Without SO_REUSEADDR, so that a port with connections still dying on it counts as in use."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True
