"""Which address a workspace gets on its network: the next of the subnet that nobody has, and that nobody had a short while ago.

Engines give the lowest free one out again at once; routes, tickets and browsers may still mean the workspace before.
"""

import json
import os
import threading
from collections.abc import Collection
from contextlib import suppress
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Final
from zlib import crc32

from carrel.ports.driver import OutOfCapacity

REST: Final = timedelta(minutes=10)


class AddressBook:
    """Thread-safe. Its file (the cursor, and when addresses were last spoken for) survives restarts; who has which, the engine tells."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._cursor, self._resting = _read(path)

    def take(self, subnet: str, taken: Collection[str], now: datetime) -> str:
        """`taken`: addresses that somebody has, the gateway among them. Raises OutOfCapacity."""
        with self._lock:
            self._wake_up(now)
            address = self._next_free(IPv4Network(subnet), taken)
            self._resting[address] = now.timestamp()
            self._save()
            return address

    def give_back(self, address: str, now: datetime) -> None:
        """Before the workspace is removed, so that being killed in between shortens no rest."""
        with self._lock:
            self._resting[address] = now.timestamp()
            self._save()

    def _next_free(self, subnet: IPv4Network, taken: Collection[str]) -> str:
        first, many = int(subnet.network_address) + 1, subnet.num_addresses - 2
        # begins elsewhere in every state directory: several control planes of one engine do not reach for the same address
        begin = crc32(bytes(self._path)) if self._cursor is None else self._cursor
        for step in range(many):
            number = (begin + step) % many
            address = str(IPv4Address(first + number))
            if address not in taken and address not in self._resting:
                self._cursor = number + 1
                return address
        raise OutOfCapacity(
            f"No address of {subnet} is free: {len(taken)} are in use, {len(self._resting)} rest for ten minutes after their last use. "
            "Give the backend a larger `subnet`."
        )

    def _wake_up(self, now: datetime) -> None:
        """A clock that was set back must not let addresses rest for ever, hence the absolute distance."""
        rested = REST.total_seconds()
        self._resting = {each: at for each, at in self._resting.items() if abs(now.timestamp() - at) < rested}

    def _save(self) -> None:
        """Best effort: on a full disk a workspace must still be removable, and a lost note costs one address its rest."""
        with suppress(OSError):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            fresh = self._path.with_name(f"{self._path.name}.new")
            fresh.write_text(json.dumps({"cursor": self._cursor, "resting": self._resting}), encoding="utf-8")
            os.replace(fresh, self._path)  # noqa: PTH105 - beside the other calls of os here


def _read(path: Path) -> tuple[int | None, dict[str, float]]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None, {}
    cursor, resting = (found.get("cursor"), found.get("resting")) if isinstance(found, dict) else (None, None)
    kept = resting if isinstance(resting, dict) else {}
    spoken = {str(each): float(at) for each, at in kept.items() if isinstance(at, int | float)}
    return cursor if isinstance(cursor, int) else None, spoken
