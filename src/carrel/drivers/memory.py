"""Instances that exist in memory alone, for tests and benches. They start at once and live as long as their `World` does."""

import asyncio
import hashlib
import io
import tarfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from carrel.domain.delivery import Delivery
from carrel.domain.endpoint import Endpoint
from carrel.domain.finding import Finding
from carrel.domain.ids import HomeId, InstallationId, WorkspaceId
from carrel.domain.template import HomeKind
from carrel.drivers.options import refuse, refuse_unknown
from carrel.ports.driver import (
    Adoptable,
    Ailment,
    Driver,
    DriverContext,
    DriverUnavailable,
    Instance,
    InstanceState,
    Progress,
    Ran,
    Rejected,
    Spec,
    TookTooLong,
)
from carrel.rules.delivery import refusal

Place = tuple[InstallationId, str]
"""Whose they are, and of which backend."""


Files = dict[str, bytes]
"""What was saved under which name."""


@dataclass(slots=True)
class Kept:
    """What the world holds of one instance."""

    instance: Instance
    keeps_home: bool
    home_id: HomeId | None = None
    has_ended: bool = False
    """Its home was taken out; it takes none any more."""
    scratch: Files = field(default_factory=dict)
    """What is saved in it while it has no home."""
    printed: list[str] = field(default_factory=list)
    cpu_seconds: float = 0.0
    delivered: Delivery = field(default_factory=Delivery)
    ailment: Ailment | None = None
    ran: list[tuple[str, ...]] = field(default_factory=list)
    """Every command that was asked for in it."""


Answer = Callable[[Kept, tuple[str, ...]], Awaitable[Ran]]


async def ends_well(_kept: Kept, _command: tuple[str, ...]) -> Ran:
    return Ran(0, "")


@dataclass(slots=True)
class World:
    """Where the instances are. Hand the same one to the next driver to see what a restart of the control plane sees."""

    instances: dict[Place, dict[WorkspaceId, Kept]] = field(default_factory=dict)
    addresses: set[str] = field(default_factory=set)
    homes: dict[HomeId, Files] = field(default_factory=dict)
    volumes: dict[str, Files] = field(default_factory=dict)
    """What another system left, by its name there. For tests."""
    answer: Answer = ends_well
    """How commands end. For tests."""
    is_slow: bool = False
    """What is created is starting until it is told to arrive. For tests."""
    findings: list[Finding] = field(default_factory=list)
    """What is wrong with it. For tests."""

    def address_for(self, workspace_id: WorkspaceId) -> str:
        """One of 127/8 that no other instance has. Told by the id, so that a world begun anew gives others than the last."""
        number = int.from_bytes(hashlib.sha256(workspace_id.encode()).digest()[:4])
        while (address := _loopback(number)) in self.addresses:
            number += 1
        self.addresses.add(address)
        return address


def _loopback(number: int) -> str:
    spot = number % (250**3)
    return f"127.{spot // 62500 + 2}.{spot // 250 % 250 + 1}.{spot % 250 + 1}"


class Instances:
    """All a driver in memory does besides bringing files in."""

    def __init__(self, world: World, *, place: Place, port: int) -> None:
        self._world = world
        self._mine = world.instances.setdefault(place, {})
        self._port = port
        self._rings: list[Callable[[], None]] = []

    @property
    def world(self) -> World:
        return self._world

    async def create(self, spec: Spec) -> None:
        if spec.workspace_id in self._mine:
            return
        self._mine[spec.workspace_id] = Kept(
            Instance(spec.workspace_id, spec.pool, InstanceState.STARTING),
            keeps_home=spec.template.home is HomeKind.PERSISTENT,
            printed=["started"],
        )
        if not self._world.is_slow:
            self.arrive(spec.workspace_id)

    async def destroy(self, workspace_id: WorkspaceId) -> None:
        kept = self._mine.pop(workspace_id, None)
        if kept and kept.instance.endpoint:
            self._world.addresses.discard(kept.instance.endpoint.host)

    async def list(self) -> Sequence[Instance]:
        return [kept.instance for kept in self._mine.values()]

    async def detach(self, workspace_id: WorkspaceId) -> None:
        kept = self._mine.get(workspace_id)
        if kept is None:
            return
        if kept.instance.state is not InstanceState.ENDED:
            self.crash(workspace_id, "It was ended, so that its files could be taken out.")
        kept.has_ended, kept.home_id = True, None

    async def deliver(self, workspace_id: WorkspaceId, delivery: Delivery) -> None:
        if (sentence := refusal(delivery)) is not None:
            raise Rejected(sentence)
        self._known(workspace_id).delivered = delivery

    async def run(self, workspace_id: WorkspaceId, command: Sequence[str], *, seconds: float) -> Ran:
        kept = self._known(workspace_id)
        if kept.instance.state is not InstanceState.RUNNING:
            raise DriverUnavailable("Nothing runs in this workspace, so no command can be run in it.")
        kept.ran.append(tuple(command))
        try:
            async with asyncio.timeout(seconds):
                return await self._world.answer(kept, tuple(command))
        except TimeoutError as error:
            raise TookTooLong(f"The command did not end within {seconds:g} seconds.") from error

    @property
    def home_place(self) -> str:
        return "memory"

    async def measure_home(self, home_id: HomeId) -> int:
        return sum(len(content) for content in self._world.homes.get(home_id, {}).values())

    async def archive_home(self, home_id: HomeId) -> AsyncIterator[bytes]:
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            for name, content in sorted(self._world.homes.get(home_id, {}).items()):
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
        yield packed.getvalue()

    async def remove_home(self, home_id: HomeId) -> None:
        self._world.homes.pop(home_id, None)

    async def adoptable(self) -> Sequence[Adoptable]:
        return [Adoptable(name) for name in self._world.volumes]

    async def adopt(self, home_id: HomeId, name: str) -> None:
        if name not in self._world.volumes:
            raise Rejected(f"There is no volume {name}.")
        self._world.homes[home_id] = self._world.volumes[name]

    async def restart(self, spec: Spec) -> None:
        await self.create(spec)
        kept = self._known(spec.workspace_id)
        starts = int(kept.instance.handle or 1) + 1
        kept.instance = replace(kept.instance, state=InstanceState.RUNNING, sentence=None, handle=str(starts))
        kept.printed.append("started again")

    async def vouches(self, workspace_id: WorkspaceId) -> bool:
        """Nobody listens at its address, so nobody else could tell."""
        kept = self._mine.get(workspace_id)
        return kept is not None and kept.instance.state is InstanceState.RUNNING

    async def logs(self, workspace_id: WorkspaceId, lines: int) -> str:
        kept = self._mine.get(workspace_id)
        return "\n".join(kept.printed[-lines:]) if kept and lines > 0 else ""

    async def cpu_seconds(self) -> Mapping[WorkspaceId, float]:
        return {workspace_id: kept.cpu_seconds for workspace_id, kept in self._mine.items()}

    async def ailments(self) -> Mapping[WorkspaceId, Ailment]:
        return {each: kept.ailment for each, kept in self._mine.items() if kept.ailment is not None}

    async def findings(self) -> Sequence[Finding]:
        return self._world.findings

    async def aclose(self) -> None:
        """Nothing to let go of: the instances belong to the world."""

    def show_progress(self, workspace_id: WorkspaceId, progress: Progress | None) -> None:
        """It is starting, and has come so far. For tests, as `compute`."""
        kept = self._known(workspace_id)
        kept.instance = replace(kept.instance, progress=progress)

    def arrive(self, workspace_id: WorkspaceId) -> None:
        """What was starting runs. For tests, as `compute`."""
        kept = self._known(workspace_id)
        endpoint = kept.instance.endpoint or Endpoint(self._world.address_for(workspace_id), self._port)
        kept.instance = replace(kept.instance, state=InstanceState.RUNNING, endpoint=endpoint, progress=None)

    def alert(self, ring: Callable[[], None]) -> None:
        self._rings.append(ring)

    def suffer(self, workspace_id: WorkspaceId, ailment: Ailment | None) -> None:
        """For tests, as `compute`."""
        self._known(workspace_id).ailment = ailment
        for ring in self._rings:
            ring()

    def compute(self, workspace_id: WorkspaceId, seconds: float) -> None:
        """So much processor time more is used. For tests."""
        self._known(workspace_id).cpu_seconds += seconds

    def crash(self, workspace_id: WorkspaceId, sentence: str) -> None:
        """What an app that ends by itself does. For tests and benches; the control plane never asks for it."""
        kept = self._known(workspace_id)
        kept.instance = replace(kept.instance, state=InstanceState.ENDED, sentence=sentence)

    def files_of(self, workspace_id: WorkspaceId) -> Files:
        """What somebody inside sees and saves. For tests and benches, as `crash`."""
        kept = self._known(workspace_id)
        return kept.scratch if kept.home_id is None else self._world.homes[kept.home_id]

    def person_in(self, workspace_id: WorkspaceId) -> Delivery:
        """What was delivered there. For tests, as `crash`."""
        return self._known(workspace_id).delivered

    def ran_in(self, workspace_id: WorkspaceId) -> Sequence[tuple[str, ...]]:
        return tuple(self._known(workspace_id).ran)

    def home_of(self, workspace_id: WorkspaceId) -> HomeId | None:
        return self._known(workspace_id).home_id

    def _known(self, workspace_id: WorkspaceId) -> Kept:
        if workspace_id not in self._mine:
            raise Rejected(f"There is no instance of workspace {workspace_id}.")
        return self._mine[workspace_id]

    def _bring(self, workspace_id: WorkspaceId, home_id: HomeId) -> None:
        kept = self._known(workspace_id)
        if not kept.keeps_home:
            raise Rejected("The template of this workspace keeps no files, so no home can be brought in.")
        if kept.has_ended:
            raise Rejected("The files were taken out of this workspace; it takes none any more.")
        self._world.homes.setdefault(home_id, {})
        kept.home_id = home_id


class MemoryDriver(Instances):
    """Brings files into what runs already."""

    async def attach(self, workspace_id: WorkspaceId, home_id: HomeId) -> None:
        self._bring(workspace_id, home_id)


class ColdMemoryDriver(Instances):
    """Brings files in as an instance starts, and at no other time."""

    @property
    def starts_with_home(self) -> str:
        return "the settings say so"

    async def create(self, spec: Spec) -> None:
        is_new = spec.workspace_id not in self._mine
        await super().create(spec)
        if is_new and spec.home_id is not None:
            self._bring(spec.workspace_id, spec.home_id)


def open_driver(context: DriverContext) -> Driver:
    """Option `endpoint_port`: the port of every endpoint, to point at something that listens on all of 127/8. Option `homes`: "attached"
    to what runs already, or brought in "at_start" alone.
    """
    refuse_unknown(context, {"endpoint_port", "homes"})
    port, homes = context.options.get("endpoint_port", 9), context.options.get("homes", "attached")
    if not isinstance(port, int) or not 1 <= port <= 65535:
        raise refuse(context, "endpoint_port", "a port, 1 to 65535")
    if homes not in ("attached", "at_start"):
        raise refuse(context, "homes", '"attached" or "at_start"')
    kind = MemoryDriver if homes == "attached" else ColdMemoryDriver
    return kind(World(), place=(context.installation, context.backend), port=port)
