"""CRL52x: what a container engine can do for workspaces here, and which walls stand around them. Judges what was found; asks nobody."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from carrel.domain.finding import Finding
from carrel.rules.checkup.kind import Kind

ENGINE: Final = Kind(
    "CRL520",
    "Container engine",
    "An engine that is too old lacks what isolates workspaces, or what brings files into them.",
    "Update the engine: Docker 20.10 (API 1.41) or later.",
)
HOMES_WAY: Final = Kind(
    "CRL522",
    "How files come into containers",
    "Only mounted homes come into workspaces that are already warm; with volumes everybody with files waits for a start.",
    "Let Carrel and the engine run on one Linux machine, with Carrel as root or behind `carrel gate`.",
)
PROPAGATION: Final = Kind(
    "CRL523",
    "Mounts reach containers",
    "A home is mounted on the machine at the claim; it shows inside only where the slots are a shared mount.",
    "`mount --make-shared` it, and start the engine in the same mount namespace as Carrel.",
)
OWNERS: Final = Kind(
    "CRL524",
    "Owners of files in containers",
    "Files are Carrel's user's on the disk and the app's inside. Where the file system cannot map owners, they are changed on the disk.",
    "Put the homes on ext4, XFS, Btrfs or another file system that takes idmapped mounts (kernel 5.12 or later, NFS does not).",
)
WALLS: Final = Kind(
    "CRL525",
    "Walls around workspaces",
    "Without them a workspace reaches its neighbours, services of this machine or the cloud's metadata, which often holds keys.",
    "Let Carrel run as root on the engine's machine with iptables installed, or start `carrel gate` there and set the backend's `gate`.",
)
DISK_LIMIT: Final = Kind(
    "CRL526",
    "Disk limits of containers",
    "One workspace that writes without end outside its home fills the engine's disk for all.",
    "Put the engine's data root on XFS mounted with `pquota` (storage driver overlay2), and set `disk` in the template.",
)
LIMITS: Final = Kind(
    "CRL527",
    "Limits of memory, processors and processes",
    "A limit that the kernel does not keep is none: one workspace can take the machine from all others.",
    "Switch the control groups on: `cgroup_enable=memory swapaccount=1` on the kernel's command line, or use cgroups v2.",
)
LIVE_RESTORE: Final = Kind(
    "CRL528",
    "Workspaces while the engine restarts",
    "Without live restore every restart or update of the engine ends all its workspaces.",
    'Set `"live-restore": true` in the engine\'s daemon.json and reload it (`systemctl reload docker`).',
)
NETWORK: Final = Kind(
    "CRL529",
    "Network of the workspaces",
    "Workspaces are on a network of their own, so that they reach the internet and not one another.",
    "`docker network rm` it while no workspace of the backend runs; the next start makes it anew.",
)
ALL: Final = (
    ENGINE,
    HOMES_WAY,
    PROPAGATION,
    OWNERS,
    WALLS,
    DISK_LIMIT,
    LIMITS,
    LIVE_RESTORE,
    NETWORK,
)

OLDEST_API: Final = (1, 41)


@dataclass(frozen=True, slots=True)
class Engine:
    """What an engine says of itself."""

    version: str
    api: str
    storage: str
    """Its storage driver."""
    backing: str
    """The file system below it, as the engine calls it; "extfs" is ext4."""
    security: tuple[str, ...] = ()
    """Options such as "rootless" and "userns"."""
    unsupported: tuple[str, ...] = ()
    """Of "memory", "swap", "cpus" and "processes", those it cannot limit."""
    live_restore: bool = False
    filters_bridges: bool = True
    """Packets between ports of one bridge pass iptables."""


@dataclass(frozen=True, slots=True)
class NetworkSeen:
    name: str
    subnet: str
    wanted: str | None
    """The backend's option; None where the engine chooses."""
    lets_neighbours: bool
    """Its workspaces reach one another as far as the engine goes."""
    ipv6: bool


def engine(about: str, seen: Engine) -> Finding:
    said = f"Docker {seen.version} (API {seen.api}) answers; root inside is {_root_inside(seen)}."
    if _numbers(seen.api) < OLDEST_API:
        return ENGINE.bad(said, about=about)
    return ENGINE.good(said, about=about)


def _root_inside(seen: Engine) -> str:
    if "rootless" in seen.security:
        return "nobody on its machine, for the engine is rootless"
    if "userns" in seen.security:
        return "nobody on its machine, for it has user namespaces"
    return "its machine's root, without capabilities (user namespaces are off)"


def homes_way(about: str, *, mounted: bool, why: str) -> Finding:
    """`why`: a sentence; with volumes, what stands against mounting."""
    if mounted:
        return HOMES_WAY.good(why or "Homes are mounted into warm workspaces at the claim.", about=about)
    return HOMES_WAY.warning(
        f"Homes are volumes: workspaces with files start for their person. {why}", about=about
    )


def propagation(about: str, path: str, *, shared: bool | None) -> Finding:
    """None before the first workspace."""
    if shared is None:
        return PROPAGATION.good(f"{path} is made a shared mount with the first workspace.", about=about)
    if shared:
        return PROPAGATION.good(f"{path} is a shared mount.", about=about)
    return PROPAGATION.bad(
        f"{path} is a private mount: what is mounted at a claim stays outside.", about=about
    )


def owners(about: str, path: str, *, maps: bool | None) -> Finding:
    """`maps`: a mount that maps owners was made there; None where that could not be tried."""
    if maps is None:
        return OWNERS.unknown(f"Whether {path} takes idmapped mounts could not be tried.", about=about)
    if maps:
        return OWNERS.good(f"{path} takes idmapped mounts.", about=about)
    return OWNERS.warning(
        f"{path} takes no idmapped mounts: files are given to the app's user when they first come in.",
        about=about,
    )


def walls(about: str, missing: Sequence[str] | None, *, why: str = "") -> Finding:
    """`missing`: rules that do not stand. None: nobody can look, and `why` says what is in the way."""
    if missing is None:
        return WALLS.bad(f"Carrel can raise none: {why}", about=about)
    if not missing:
        return WALLS.good(
            "They stand: neighbours, this machine and the cloud's metadata are out of reach.", about=about
        )
    first = missing[0] + (f" and {len(missing) - 1} more" if len(missing) > 1 else "")
    return WALLS.bad(
        f"Missing: {first}.",
        "Carrel raises them again by itself within a minute. If they go again, see what else writes rules on this machine.",
        about=about,
    )


def no_walls_yet(about: str) -> Finding:
    return WALLS.good("They are raised with the first workspace.", about=about)


def disk_limit(about: str, seen: Engine, *, quota: bool | None) -> Finding:
    """`quota`: its file system keeps one for each project, as far as that could be seen."""
    on = (
        f"{seen.storage} on {'ext4' if seen.backing == 'extfs' else seen.backing or 'an unknown file system'}"
    )
    if seen.storage in ("btrfs", "zfs", "windowsfilter") or (
        seen.storage == "overlay2" and seen.backing == "xfs" and quota
    ):
        whole = ", which count the image in" if seen.storage == "btrfs" else ""
        return DISK_LIMIT.good(f"The engine ({on}) keeps disk limits{whole}.", about=about)
    if seen.storage == "overlay2" and seen.backing == "xfs" and quota is None:
        return DISK_LIMIT.unknown(
            f"The engine has {on}; it keeps disk limits if that is mounted with pquota.", about=about
        )
    return DISK_LIMIT.warning(f"The engine ({on}) keeps no disk limit outside homes.", about=about)


def limits(about: str, seen: Engine) -> Finding:
    if not seen.unsupported:
        return LIMITS.good("The engine keeps limits of memory, swap, processors and processes.", about=about)
    said = f"The engine keeps no limit of {', '.join(seen.unsupported)}."
    return (LIMITS.warning if seen.unsupported == ("swap",) else LIMITS.bad)(said, about=about)


def live_restore(about: str, seen: Engine) -> Finding:
    if seen.live_restore:
        return LIVE_RESTORE.good("Workspaces go on while the engine restarts.", about=about)
    return LIVE_RESTORE.warning("A restart of the engine ends all its workspaces.", about=about)


def network(about: str, seen: NetworkSeen | None, *, filters_bridges: bool) -> Finding:
    if seen is None:
        return NETWORK.good("It is made with the first workspace.", about=about)
    if seen.lets_neighbours or seen.ipv6:
        what = "lets its workspaces reach one another" if seen.lets_neighbours else "speaks IPv6"
        return NETWORK.bad(f"{seen.name} {what}: somebody else made it.", about=about)
    if not filters_bridges:
        return NETWORK.bad(
            "Packets between workspaces of one network pass no rules on this machine.",
            "`modprobe br_netfilter`, and `sysctl net.bridge.bridge-nf-call-iptables=1`.",
            about=about,
        )
    if seen.wanted not in (None, seen.subnet):
        return NETWORK.warning(f"{seen.name} has {seen.subnet}; the settings say {seen.wanted}.", about=about)
    return NETWORK.good(f"{seen.name} has {seen.subnet}.", about=about)


def no_network(about: str, complaint: str) -> Finding:
    return NETWORK.bad(complaint, about=about)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())
