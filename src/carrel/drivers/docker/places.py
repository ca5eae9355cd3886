"""Where the data plane finds an app: at its container's own address, or at a port published on an address of the engine's machine."""

import os
import threading
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from carrel.domain.endpoint import Endpoint
from carrel.drivers.docker import labels
from carrel.drivers.docker.container import Location
from carrel.drivers.docker.engine import Engine
from carrel.drivers.docker.labels import Owner
from carrel.drivers.docker.network.bridge import Network, NetworkAt
from carrel.ports.driver import OutOfCapacity


class Places(Protocol):
    async def choose(self, at: NetworkAt, port: int) -> Location:
        """For a new container whose app listens at `port`; another one each time. Raises OutOfCapacity, DriverUnavailable."""
        ...

    def give_back(self, endpoint: Endpoint) -> None:
        """Before its workspace is removed; nobody gets it at once."""
        ...


class OwnAddresses:
    def __init__(self, network: Network) -> None:
        self._network = network

    async def choose(self, at: NetworkAt, port: int) -> Location:
        address = await self._network.choose(at)
        return Location(at.name, Endpoint(address, port), address)

    def give_back(self, endpoint: Endpoint) -> None:
        self._network.give_back(endpoint.host)


class PublishedPorts:
    """One after the other of the whole range, so that a port rests until all others have had their turn."""

    def __init__(self, engine: Engine, owner: Owner, *, address: str, ports: range, book: Path) -> None:
        self._engine = engine
        self._owner = owner
        self._address = address
        self._ports = ports
        self._book = book
        self._lock = threading.Lock()
        self._next = _read(book, ports)

    async def choose(self, at: NetworkAt, port: int) -> Location:
        params = {"all": "1", "filters": self._owner.filters}
        ours = await self._engine.look("containers/json", what="No port can be chosen", params=params)
        told = ((each.get("Labels") or {}).get(labels.ENDPOINT, "") for each in ours or ())
        taken = {int(number) for each in told if (number := each.rpartition(":")[2]).isdigit()}
        return Location(at.name, Endpoint(self._address, self._take(taken)), None)

    def give_back(self, endpoint: Endpoint) -> None:
        """The turn of the others sees to it."""

    def _take(self, taken: Collection[int]) -> int:
        with self._lock:
            first, many = self._ports.start, len(self._ports)
            for step in range(many):
                port = first + (self._next - first + step) % many
                if port not in taken:
                    self._next = port + 1
                    self._save()
                    return port
        raise OutOfCapacity(
            f"All {many} ports of the backend are in use ({self._ports.start}-{self._ports.stop - 1}). Give it more `ports`."
        )

    def _save(self) -> None:
        """Best effort: lost, one port gets less rest."""
        with suppress(OSError):
            draft = self._book.with_name(f"{self._book.name}.new")
            draft.write_text(str(self._next), encoding="utf-8")
            os.replace(draft, self._book)  # noqa: PTH105 - beside the other calls of os here


def _read(book: Path, ports: range) -> int:
    try:
        return int(book.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ports.start
