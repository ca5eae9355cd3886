"""The one network of a backend's workspaces: made when it is first needed, found again by its labels, never two of it.

It reaches the internet; that its workspaces reach neither one another nor this machine is for the engine (`icc`) and for `walls`.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any, Final

from aiodocker.exceptions import DockerError

from carrel.drivers.docker.engine import Engine
from carrel.drivers.docker.faults import asking, fault
from carrel.drivers.docker.labels import Owner
from carrel.drivers.docker.network.addresses import AddressBook
from carrel.drivers.docker.network.walls import BRIDGES
from carrel.ports.clock import Clock
from carrel.ports.driver import DriverError, DriverUnavailable, OutOfCapacity, Rejected

_BRIDGE_NAME: Final = "com.docker.network.bridge.name"
_NEIGHBOURS: Final = "com.docker.network.bridge.enable_icc"
_NOT_FOUND: Final = 404
_TRIES: Final = 3
"""Control planes that make it at the same moment take subnets from one another."""
_NETWORK: Final = "The network of the workspaces cannot be seen"
_ADDRESS: Final = "No address can be chosen"
_SMALLEST: Final = 29
"""A subnet's bits: one smaller than /29 has room for hardly anybody beside the machine itself."""


@dataclass(frozen=True, slots=True)
class NetworkAt:
    id: str
    name: str
    bridge: str
    """The interface on the engine's machine."""
    subnet: str
    gateway: str
    """The engine's machine, seen from inside."""


class Network:
    def __init__(
        self,
        engine: Engine,
        owner: Owner,
        book: Path,
        *,
        clock: Clock,
        subnet: str | None = None,
    ) -> None:
        """`book`: the file that remembers addresses, in the state directory, one for each backend."""
        self._engine = engine
        self._owner = owner
        self._name = network_name(owner)
        self._book = AddressBook(book)
        self._clock = clock
        self._subnet = subnet

    async def ensure(self) -> NetworkAt:
        """Returns when it is there, and asks the engine each time: somebody may have removed it.

        Raises Rejected (the subnet is taken, or is none), OutOfCapacity (the engine has none left), DriverUnavailable.
        """
        refused: DockerError | None = None
        for _ in range(_TRIES):
            found = await self.find()
            if found is not None:
                return found
            try:
                await self._create(self._subnet or await self._free_subnet())
            except DockerError as error:
                # perhaps another control plane was quicker: the engine refuses a second one of this name or with this bridge
                refused = error
        found = await self.find()
        if found is not None:
            return found
        raise self._refusal(refused)

    async def find(self) -> NetworkAt | None:
        """None while there is none; makes none. Raises DriverUnavailable, and Rejected where somebody else's has its name."""
        shown = await self._shown(self._name)
        return None if shown is None else self._read(shown)

    async def choose(self, at: NetworkAt) -> str:
        """An address for a new workspace, to be given as IPAMConfig.IPv4Address; spoken for at once, so each call gives another.

        A workspace that starts again takes its own once more (its container's IPAMConfig says which). Raises OutOfCapacity,
        DriverUnavailable.
        """
        params = {"all": "1", "filters": self._owner.filters}
        ours = await self._engine.look("containers/json", what=_ADDRESS, params=params)
        on_it = await self._shown(at.id) or {}
        taken = {at.gateway}
        for one in ours or ():
            taken |= _addresses_of(one.get("NetworkSettings") or {})
        for other in (on_it.get("Containers") or {}).values():
            taken.add(str(other.get("IPv4Address", "")).partition("/")[0])
        return self._book.take(at.subnet, taken, self._clock.now())

    def give_back(self, address: str) -> None:
        """Call it before its workspace is removed; it then rests ten minutes."""
        self._book.give_back(address, self._clock.now())

    async def remove(self) -> None:
        """For an explicit cleanup only. Absence is success. Raises while workspaces are on it."""
        found = await self.find()
        if found is None:
            return
        with asking(f"The network {found.name} cannot be removed"):
            await self._delete(found.id)

    async def _create(self, subnet: str) -> None:
        await self._engine.client().networks.create(network_body(self._owner, subnet))

    async def _free_subnet(self) -> str:
        """One that the engine chooses. It lets us give addresses only where the subnet was named, so it is asked by a trial network, which
        goes again; one that was left over goes first.
        """
        name = f"{self._name}-trial"
        with suppress(DockerError):
            await self._delete(name)
        trial = await self._engine.client().networks.create(trial_body(self._owner, name))
        try:
            return _subnet_of(await trial.show())
        finally:
            await self._delete(trial.id)

    async def _delete(self, name: str) -> None:
        try:
            await (await self._engine.client().networks.get(name)).delete()
        except DockerError as error:
            if error.status != _NOT_FOUND:
                raise

    async def _shown(self, name: str) -> dict[str, Any] | None:
        found: dict[str, Any] | None = await self._engine.look(f"networks/{name}", what=_NETWORK)
        return found

    def _read(self, shown: Mapping[str, Any]) -> NetworkAt:
        labels, options = shown.get("Labels") or {}, shown.get("Options") or {}
        if not self._owner.owns(labels):
            raise Rejected(
                f"The engine has a network {self._name} that is not of this installation and backend; remove or rename it."
            )
        settings = shown["IPAM"]["Config"][0]
        bridge = options.get(_BRIDGE_NAME, bridge_name(self._owner))
        return NetworkAt(shown["Id"], shown["Name"], bridge, settings["Subnet"], settings["Gateway"])

    def _refusal(self, error: DockerError | None) -> DriverError:
        if error is None:
            return DriverUnavailable(f"The network {self._name} is removed as soon as it is made.")
        said, backend = error.message, self._owner.backend
        if "overlaps" in said and self._subnet:
            return Rejected(
                f'backends.{backend}.subnet is "{self._subnet}", and another network has addresses of it. Choose another.'
            )
        if "could not find an available" in said or "overlaps" in said:
            return OutOfCapacity(
                f"The engine has no subnet left for the network of {backend}. Give the backend a `subnet`, or remove networks nobody uses."
            )
        return fault(f"The network {self._name} cannot be made", error)


def network_name(owner: Owner) -> str:
    """The same for every control plane of an installation."""
    return f"carrel-{owner.installation}-{owner.backend}"


def bridge_name(owner: Owner) -> str:
    """An interface has at most 15 characters."""
    digest = sha256(f"{owner.installation}/{owner.backend}".encode()).hexdigest()
    return BRIDGES + digest[: 15 - len(BRIDGES)]


def read_subnet(text: str) -> str | None:
    """As the engine writes it; None for what is no subnet for workspaces."""
    try:
        found = IPv4Network(text)
    except ValueError:
        return None
    return str(found) if found.prefixlen <= _SMALLEST else None


def network_body(owner: Owner, subnet: str) -> dict[str, Any]:
    """Workspaces do not reach one another (`icc`), and go out by the machine's own address."""
    first = IPv4Network(subnet).network_address + 1
    return {
        "Name": network_name(owner),
        "CheckDuplicate": True,
        "Driver": "bridge",
        "EnableIPv6": False,
        "Labels": owner.labels,
        "IPAM": {"Driver": "default", "Config": [{"Subnet": subnet, "Gateway": str(first)}]},
        "Options": {
            _BRIDGE_NAME: bridge_name(owner),
            _NEIGHBOURS: "false",
            "com.docker.network.bridge.enable_ip_masquerade": "true",
        },
    }


def trial_body(owner: Owner, name: str) -> dict[str, Any]:
    """Like the one that follows it, but for the addresses and the bridge, of which there cannot be two."""
    digest = sha256(name.encode()).hexdigest()
    return {
        "Name": name,
        "CheckDuplicate": True,
        "Driver": "bridge",
        "Labels": owner.labels,
        "Options": {_BRIDGE_NAME: BRIDGES + digest[: 15 - len(BRIDGES)], _NEIGHBOURS: "false"},
    }


def _subnet_of(shown: Mapping[str, Any]) -> str:
    return str(shown["IPAM"]["Config"][0]["Subnet"])


def _addresses_of(settings: Mapping[str, Any]) -> set[str]:
    """Also of one that does not run: what it was given it takes again when it starts."""
    found: set[str] = set()
    for network in (settings.get("Networks") or {}).values():
        given = (network.get("IPAMConfig") or {}).get("IPv4Address")
        found |= {address for address in (given, network.get("IPAddress")) if address}
    return found
