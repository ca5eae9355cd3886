"""For `Examines`: asks the engine what it is and can do, and looks at this machine where the homes of containers are on it. Changes
nothing; what it means, `rules.checkup.containers` says.
"""

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from carrel.domain.finding import Finding
from carrel.drivers.docker.engine import Engine as Connection
from carrel.drivers.docker.homes.idmap import can_map
from carrel.drivers.docker.network.bridge import Network
from carrel.drivers.docker.network.firewall import Firewall
from carrel.drivers.docker.network.walls import Walls
from carrel.drivers.ondisk import mountinfo
from carrel.drivers.ondisk.mountinfo import Mount
from carrel.ports.driver import DriverError, DriverUnavailable
from carrel.rules.checkup import containers as rules
from carrel.rules.checkup.containers import Engine, NetworkSeen

_SECONDS: Final = 10.0
_LIMITED_BY: Final = {
    "memory": "MemoryLimit",
    "swap": "SwapLimit",
    "cpus": "CpuCfsQuota",
    "processes": "PidsLimit",
}


@dataclass(frozen=True, slots=True)
class Site:
    """How this backend was opened."""

    backend: str
    engine: Connection
    network: Network
    mounted: bool
    """Homes are mounted from this machine; else they are volumes."""
    why: str
    """A sentence that says why mounted or not."""
    is_here: bool = False
    """The engine keeps its files where this process sees them."""
    slots: Path | None = None
    """Where homes are mounted, if this process mounts them."""
    homes: Path | None = None
    """The directory of all homes, if this process brings them in."""
    firewall: Firewall | None = None
    no_walls: str = ""
    """Why there is no firewall, as the end of a sentence."""
    deny: tuple[str, ...] = ()
    subnet: str | None = None
    """The option."""


async def findings(site: Site) -> Sequence[Finding]:
    """Raises DriverUnavailable when the engine does not answer."""
    info, version = await _asked(site.engine, "info"), await _asked(site.engine, "version")
    engine, about = read_engine(info, version), site.backend
    found = [
        rules.engine(about, engine),
        rules.limits(about, engine),
        rules.live_restore(about, engine),
        rules.disk_limit(about, engine, quota=_quota(info) if site.is_here else None),
        rules.homes_way(about, mounted=site.mounted, why=site.why),
    ]
    if site.slots is not None:
        found.append(rules.propagation(about, str(site.slots), shared=_is_shared(site.slots)))
    if site.homes is not None:
        found.append(rules.owners(about, str(site.homes), maps=await _maps(site.homes)))
    return [*found, *await _network(site, engine)]


async def _network(site: Site, engine: Engine) -> list[Finding]:
    try:
        at = await site.network.find()
    except DriverError as error:
        return [rules.no_network(site.backend, error.sentence)]
    seen = None
    if at is not None:
        seen = read_network(await _asked(site.engine, f"networks/{at.id}"), site.subnet)
    found = [rules.network(site.backend, seen, filters_bridges=engine.filters_bridges)]
    if site.firewall is None:
        return [*found, rules.walls(site.backend, None, why=site.no_walls)]
    if at is None:
        return [*found, rules.no_walls_yet(site.backend)]
    try:
        missing = await site.firewall.missing(Walls(at.bridge, at.subnet, site.deny))
    except DriverUnavailable as error:
        return [*found, rules.walls(site.backend, None, why=error.sentence)]
    return [*found, rules.walls(site.backend, missing)]


def read_engine(info: Mapping[str, Any], version: Mapping[str, Any]) -> Engine:
    status = {str(name): str(value) for name, value in info.get("DriverStatus") or []}
    security = [
        str(each).removeprefix("name=").partition(",")[0] for each in info.get("SecurityOptions") or []
    ]
    return Engine(
        version=str(version.get("Version", "?")),
        api=str(version.get("ApiVersion", "0")),
        storage=str(info.get("Driver", "")),
        backing=status.get("Backing Filesystem", ""),
        security=tuple(security),
        unsupported=tuple(name for name, key in _LIMITED_BY.items() if not info.get(key)),
        live_restore=bool(info.get("LiveRestoreEnabled")),
        # newer engines say nothing of it and refuse to make a network they cannot filter
        filters_bridges=bool(info.get("BridgeNfIptables", True)),
    )


def read_network(shown: Mapping[str, Any], wanted: str | None) -> NetworkSeen:
    options = shown.get("Options") or {}
    return NetworkSeen(
        name=str(shown["Name"]),
        subnet=str(shown["IPAM"]["Config"][0]["Subnet"]),
        wanted=wanted,
        lets_neighbours=options.get("com.docker.network.bridge.enable_icc") != "false",
        ipv6=bool(shown.get("EnableIPv6")),
    )


def mount_of(path: Path, mounts: Sequence[Mount]) -> Mount | None:
    """The one that holds it: the deepest, and of several on one place the last."""
    holding = [each for each in mounts if _place(each) == path or _place(each) in path.parents]
    return max(reversed(holding), key=lambda each: len(_place(each).parts), default=None)


def _place(mount: Mount) -> Path:
    return Path(os.fsdecode(mount.point))


def _is_shared(slots: Path) -> bool | None:
    """None before the first workspace, with which they become a mount of their own."""
    own = [each for each in mountinfo.mounted() if _place(each) == slots.resolve()]
    return own[-1].is_shared if own else None


def _quota(info: Mapping[str, Any]) -> bool | None:
    holder = mount_of(Path(str(info.get("DockerRootDir", "/"))), mountinfo.mounted())
    return None if holder is None else bool({b"prjquota", b"pquota"} & set(holder.options))


async def _maps(homes: Path) -> bool | None:
    """None where that could not be tried, or not in time."""
    try:
        async with asyncio.timeout(_SECONDS):
            return await asyncio.to_thread(can_map, homes)
    except (TimeoutError, OSError):
        return None


async def _asked(engine: Connection, path: str) -> Mapping[str, Any]:
    answer: Mapping[str, Any] | None = await engine.look(path, what="The engine cannot be examined")
    return answer or {}
