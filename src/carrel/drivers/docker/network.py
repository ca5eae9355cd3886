"""The one network of a backend's workspaces: made when it is first needed, found again by its labels, never two of it.

It reaches the internet; that its workspaces reach neither one another nor this machine is for the engine (`icc`) and for `walls`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from aiodocker import Docker

from carrel.domain.ids import InstallationId
from carrel.drivers.docker.addresses import AddressBook
from carrel.drivers.docker.walls import BRIDGES
from carrel.ports.clock import Clock


@dataclass(frozen=True, slots=True)
class NetworkAt:
    id: str
    name: str
    bridge: str
    """The interface on the engine's machine."""
    subnet: str
    gateway: str
    """The engine's machine, seen from inside."""


@dataclass(frozen=True, slots=True)
class Names:
    """What the network of one backend is called; the same for every control plane of an installation."""

    installation: InstallationId
    backend: str

    @property
    def network(self) -> str:
        return f"carrel-{self.installation}-{self.backend}"

    @property
    def bridge(self) -> str:
        """An interface has at most 15 characters."""
        digest = sha256(f"{self.installation}/{self.backend}".encode()).hexdigest()
        return BRIDGES + digest[: 15 - len(BRIDGES)]

    @property
    def labels(self) -> Mapping[str, str]:
        return {"carrel.installation": self.installation, "carrel.backend": self.backend}


class Network:
    def __init__(
        self,
        client: Callable[[], Docker],
        names: Names,
        book: Path,
        *,
        clock: Clock,
        subnet: str | None = None,
    ) -> None:
        """`client` is asked at each use. `book`: the file that remembers addresses, in the state directory, one for each backend."""
        self._client = client
        self._names = names
        self._book = AddressBook(book)
        self._clock = clock
        self._subnet = subnet

    async def ensure(self) -> NetworkAt:
        """Returns when it is there, and asks the engine each time: somebody may have removed it.

        Raises Rejected (the subnet is taken, or is none), OutOfCapacity (the engine has none left), DriverUnavailable.
        """
        raise NotImplementedError

    async def find(self) -> NetworkAt | None:
        """None while there is none; makes none. Raises DriverUnavailable."""
        raise NotImplementedError

    async def choose(self, at: NetworkAt) -> str:
        """An address for a new workspace, to be given as IPAMConfig.IPv4Address; spoken for at once, so each call gives another.

        A workspace that starts again takes its own once more (its container's IPAMConfig says which). Raises OutOfCapacity,
        DriverUnavailable.
        """
        raise NotImplementedError

    def give_back(self, address: str) -> None:
        """Call it before its workspace is removed; it then rests ten minutes."""
        self._book.give_back(address, self._clock.now())

    async def remove(self) -> None:
        """For an explicit cleanup only. Absence is success; Rejected while workspaces are on it."""
        raise NotImplementedError
