"""Opens a Docker backend: puts its parts together, by its options and by what this process may do. Asks no engine yet."""

import os
from dataclasses import dataclass
from pathlib import Path

from carrel.clock import SystemClock
from carrel.drivers.docker import options as reading
from carrel.drivers.docker.ailments import Ailments
from carrel.drivers.docker.bringing import Bringer
from carrel.drivers.docker.commands import Commands
from carrel.drivers.docker.containers import Parts
from carrel.drivers.docker.engine import Engine, trusted
from carrel.drivers.docker.faults import asking
from carrel.drivers.docker.findings import Site
from carrel.drivers.docker.gate.client import Gate, GateFirewall, GateMounts
from carrel.drivers.docker.homes.adopting import Adopting
from carrel.drivers.docker.homes.mounted import MountedHomes
from carrel.drivers.docker.homes.mounts import Mounts
from carrel.drivers.docker.homes.own_mounts import OwnMounts
from carrel.drivers.docker.homes.sources import MountedSource, Source, VolumeSource
from carrel.drivers.docker.homes.volumes import VolumeHomes
from carrel.drivers.docker.images.fetching import Images
from carrel.drivers.docker.labels import Owner
from carrel.drivers.docker.measuring import Measuring
from carrel.drivers.docker.network.bridge import Network
from carrel.drivers.docker.network.firewall import Firewall, Iptables
from carrel.drivers.docker.network.guard import Guard
from carrel.drivers.docker.notes import Notes
from carrel.drivers.docker.options import CONTAINER, Options
from carrel.drivers.docker.places import OwnAddresses, Places, PublishedPorts
from carrel.drivers.docker.presence import Presence
from carrel.drivers.docker.removing import Removal
from carrel.drivers.docker.variants import MountedDriver, VolumeDriver
from carrel.ports.clock import Clock
from carrel.ports.driver import Driver, DriverContext

_NO_WALLS_HERE = "Carrel is not root on the engine's machine and the backend has no `gate`"


@dataclass(frozen=True, slots=True)
class _Ground:
    """What everything of one backend stands on."""

    owner: Owner
    options: Options
    engine: Engine
    clock: Clock
    state: Path

    @property
    def own(self) -> Path:
        """Of this backend alone. No id looks like it, so no other driver takes it for a slot."""
        return self.state / "slots" / f"docker-{self.owner.backend}"

    @property
    def homes(self) -> Path:
        return self.state / "homes"


def check_options(context: DriverContext) -> None:
    """Raises what opening it, or its first question, would. Makes no file, and asks no engine."""
    options = reading.read(context)
    if options.tls is not None:
        trusted(options.tls)
    reading.demand_there(options)


def open_driver(context: DriverContext) -> Driver:
    """Options: see `options`. Whether homes are mounted or volumes is decided here, for as long as it is open."""
    options = reading.read(context)
    tls = options.tls if options.gate is None else None
    owner = Owner(context.installation, context.backend)
    ground = _Ground(owner, options, Engine(options.engine, tls=tls), SystemClock(), Path(context.state_dir))
    with asking("The state directory cannot be used"):
        ground.homes.mkdir(mode=0o700, parents=True, exist_ok=True)
        for directory in (ground.own / "notes", ground.own / "slots"):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    gate = Gate(options.gate) if options.gate else None
    return _mounted(ground, gate) if options.homes == "mounted" else _volumes(ground, gate)


def _mounted(ground: _Ground, gate: Gate | None) -> Driver:
    adopting = Adopting(ground.engine, ground.homes, mounts=True)
    slots = ground.own / "slots"
    socket = Path(ground.options.host.removeprefix("unix://"))
    mounts: Mounts = (
        GateMounts(gate) if gate else OwnMounts(slots, ground.homes, adopting.place_of, engine=socket)
    )
    homes = MountedHomes(ground.engine, mounts, ground.owner, ground.homes)
    parts = _parts(ground, MountedSource(homes), _firewall(ground, gate), why="")
    return MountedDriver(parts, homes, mounts, adopting)


def _volumes(ground: _Ground, gate: Gate | None) -> Driver:
    homes = VolumeHomes(ground.engine, ground.owner, ground.homes)
    why = _why_volumes(ground.options)
    parts = _parts(ground, VolumeSource(homes), _firewall(ground, gate), why=why)
    adopting = Adopting(ground.engine, ground.homes, mounts=False)
    return VolumeDriver(parts, homes, adopting, why)


def _why_volumes(options: Options) -> str:
    if not options.host.startswith("unix://"):
        return "The engine is on another machine, where Carrel cannot mount anything."
    if os.geteuid() != 0 and options.gate is None:
        return "Carrel is not root and the backend has no `gate`, so nothing can be mounted into containers."
    return 'The backend says homes = "volume", or its engine is not root\'s.'


def _firewall(ground: _Ground, gate: Gate | None) -> Firewall | None:
    if gate is not None:
        return GateFirewall(gate)
    is_here = ground.options.is_local and os.geteuid() == 0
    return Iptables(only_where_seen=True) if is_here else None


def _parts(ground: _Ground, source: Source, firewall: Firewall | None, *, why: str) -> Parts:
    owner, options, engine, clock = ground.owner, ground.options, ground.engine, ground.clock
    network = Network(engine, owner, ground.own / "addresses", clock=clock, subnet=options.subnet)
    with asking("The state directory cannot be used"):
        notes = Notes(ground.own / "notes", owner, Presence(ground.own / "notes"))
    places = _places(ground, network)
    measuring = Measuring(engine, owner, clock=clock)
    images = Images(engine.client, policy=options.pull, known=options.registries, clock=clock)
    guard = Guard(network, firewall, clock=clock, deny=options.deny)
    mounted = options.homes == "mounted"
    mounts_here = mounted and options.gate is None
    site = Site(
        backend=owner.backend,
        engine=engine,
        network=network,
        mounted=mounted,
        why=why,
        is_here=options.is_local and options.gate is None,
        slots=ground.own / "slots" if mounts_here else None,
        homes=ground.homes if mounts_here else None,
        firewall=firewall,
        no_walls=_NO_WALLS_HERE,
        deny=options.deny,
        subnet=options.subnet,
    )
    return Parts(
        owner=owner,
        options=options,
        engine=engine,
        notes=notes,
        bringer=Bringer(engine, owner, images, guard, places, source),
        removal=Removal(engine, owner, source, places, notes, options.stop_grace),
        commands=Commands(engine),
        measuring=measuring,
        ailments=Ailments(
            engine, owner, measuring.apps, clock=clock, homes=ground.homes if mounted else None
        ),
        site=site,
        clock=clock,
    )


def _places(ground: _Ground, network: Network) -> Places:
    options = ground.options
    if options.address == CONTAINER:
        return OwnAddresses(network)
    return PublishedPorts(
        ground.engine,
        ground.owner,
        address=options.address,
        ports=options.ports,
        book=ground.own / "ports",
    )
