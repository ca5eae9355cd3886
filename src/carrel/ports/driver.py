"""What a driver is: three verbs, and capabilities it may have besides.

Only three errors may leave a driver, and they are the retry policy. `carrel.testing.driver_contract` judges every driver.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar, runtime_checkable

from carrel.domain.delivery import Delivery
from carrel.domain.finding import Finding
from carrel.domain.ids import HomeId, InstallationId, PoolName, WorkspaceId
from carrel.domain.instance import Ailment, Instance, InstanceState, Progress
from carrel.domain.reason import ReasonCode
from carrel.domain.template import Template
from carrel.rules.ticket import door_of

__all__ = [
    "Adoptable",
    "AdoptsHomes",
    "Ailment",
    "Alerts",
    "Attaches",
    "Complains",
    "Delivers",
    "Detaches",
    "Driver",
    "DriverContext",
    "DriverError",
    "DriverUnavailable",
    "Examines",
    "Instance",
    "InstanceState",
    "KeepsHomes",
    "Leaves",
    "Logs",
    "Measures",
    "OutOfCapacity",
    "Progress",
    "Ran",
    "Rejected",
    "Restarts",
    "Runs",
    "Spec",
    "StartsWithHome",
    "TookTooLong",
    "base_path",
    "brings_files_at_start",
    "home_place",
    "starts_with",
    "within",
]

T = TypeVar("T")


class DriverError(Exception):
    """`sentence` says what is wrong and what helps; people may read it. `code` says the same to programs, where the driver can tell."""

    def __init__(self, sentence: str, code: ReasonCode | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.code = code


class DriverUnavailable(DriverError):
    """The backend is away. Try again later; nothing is known to have happened."""


async def within(seconds: float, answer: Awaitable[T], *, what: str) -> T:
    """A backend that never answers is away: one hanging call must not hold up everything behind it. Raises DriverUnavailable."""
    try:
        async with asyncio.timeout(seconds):
            return await answer
    except TimeoutError as error:
        raise DriverUnavailable(f"The backend did not {what} within {seconds:g} seconds.") from error


class TookTooLong(DriverUnavailable):
    """A command in an instance did not end in its time, and was ended. `output`: the last lines it printed."""

    def __init__(self, sentence: str, output: str = "") -> None:
        super().__init__(sentence)
        self.output = output


class OutOfCapacity(DriverError):
    """The backend is full (memory, quota, ports, disk). Back off; people keep waiting."""


class Rejected(DriverError):
    """The recipe can never work as it is (command missing, value refused). Fail it and tell the admin."""


@dataclass(frozen=True, slots=True)
class Spec:
    workspace_id: WorkspaceId
    pool: PoolName
    template: Template
    secret: str
    """The app's own random secret. Reaches it by its environment or a file, never by argv."""
    home_id: HomeId | None = None
    """The home to start with, for drivers that are `StartsWithHome`; None for all others and for templates that keep no files."""

    @property
    def base_path(self) -> str:
        return base_path(self.workspace_id)


def base_path(workspace_id: WorkspaceId) -> str:
    """The address of a workspace below its host; also its ticket's `door` and its key in the data plane."""
    return door_of(workspace_id)


class Driver(Protocol):
    """All calls may be cancelled, repeated and made at the same time for different workspaces."""

    async def create(self, spec: Spec) -> None:
        """Ask for an instance; return once the request is accepted. Repeating it for one workspace is harmless.

        Raises DriverUnavailable, OutOfCapacity, Rejected.
        """
        ...

    async def destroy(self, workspace_id: WorkspaceId) -> None:
        """End everything it started and remove its slot; return when it is gone. Removing what is absent is success.

        A person's home is never removed with it. Raises DriverUnavailable.
        """
        ...

    async def list(self) -> Sequence[Instance]:
        """Everything that carries this installation's tag, and nothing else. Raises DriverUnavailable."""
        ...

    async def aclose(self) -> None:
        """Let go of our own resources. Instances go on running."""
        ...


@runtime_checkable
class Attaches(Protocol):
    """Can bring a home into an instance that already runs."""

    async def attach(self, workspace_id: WorkspaceId, home_id: HomeId) -> None:
        """Bring the home in; repeating it is harmless. Creates the home if it is new. Raises DriverUnavailable, Rejected."""
        ...


@runtime_checkable
class StartsWithHome(Protocol):
    """Can bring a home in only as an instance starts: `create` and `restart` take `spec.home_id`. Nothing that keeps files is warm there;
    each is started for its claim.
    """

    @property
    def starts_with_home(self) -> str:
        """Why it cannot bring one in later, in words for the admin."""
        ...


def brings_files_at_start(driver: object) -> bool:
    """And at no other time: whoever can bring them in later has warm ones."""
    return isinstance(driver, StartsWithHome) and not isinstance(driver, Attaches)


def starts_with(driver: object, home_id: HomeId | None) -> HomeId | None:
    """The `home_id` of a Spec: a driver that attaches is told it then."""
    return home_id if brings_files_at_start(driver) else None


@runtime_checkable
class Detaches(Protocol):
    """Can take a home out again before the instance is removed. Whoever attaches and does not detach frees the home by `destroy`."""

    async def detach(self, workspace_id: WorkspaceId) -> None:
        """End everything it started, wait until its writes are in the home, take the home out. Repeating it is harmless, and absence
        is success. From then on `attach` raises Rejected, for it may come late. Raises DriverUnavailable; then the home counts as
        still in it.
        """
        ...


@runtime_checkable
class KeepsHomes(Protocol):
    """Has the files of homes where it can look at them without an instance."""

    @property
    def home_place(self) -> str:
        """Drivers that name the same place share homes; a home stays at its place."""
        ...

    async def measure_home(self, home_id: HomeId) -> int:
        """Bytes its files take up on the disk; 0 for one that is not there. Follows no link. Raises DriverUnavailable."""
        ...

    def archive_home(self, home_id: HomeId) -> AsyncIterator[bytes]:
        """Its files as a .tar.gz, bit by bit, links as links; an empty archive for one that is not there. Raises DriverUnavailable."""
        ...

    async def remove_home(self, home_id: HomeId) -> None:
        """Its files, for good; follows no link, and absence is success. Raises DriverUnavailable if something is mounted below it."""
        ...


def home_place(driver: object, backend: str) -> str | None:
    """Where the homes are that it can bring in; None where it brings none."""
    if not isinstance(driver, Attaches | StartsWithHome):
        return None
    return driver.home_place if isinstance(driver, KeepsHomes) else f"backend {backend}"


@dataclass(frozen=True, slots=True)
class Adoptable:
    """What another system left, and could be a home."""

    name: str
    """Unique on its backend, e.g. that of a volume of the engine."""
    obstacle: str = ""
    """Why it cannot be taken over now, in a sentence, such as a program that still works in it."""


@runtime_checkable
class AdoptsHomes(Protocol):
    """Finds files of people that another system left on the backend, and takes them over as homes where they lie."""

    async def adoptable(self) -> Sequence[Adoptable]:
        """All there are but what is ours; those taken over before are among them. Raises DriverUnavailable."""
        ...

    async def adopt(self, home_id: HomeId, name: str) -> None:
        """From now on this is that home; nothing is copied. Repeating it is harmless. Raises DriverUnavailable, Rejected.

        `remove_home` then removes what was taken over, for good.
        """
        ...


@runtime_checkable
class Delivers(Protocol):
    """Can bring a person's name, environment and secrets into an instance that already runs."""

    async def deliver(self, workspace_id: WorkspaceId, delivery: Delivery) -> None:
        """Replaces what was delivered before, all or nothing. Raises DriverUnavailable, Rejected."""
        ...


@dataclass(frozen=True, slots=True)
class Ran:
    code: int
    """Its exit status; negative: the signal that ended it."""
    output: str
    """The last lines it printed, both streams together."""


@runtime_checkable
class Runs(Protocol):
    """Can run a command inside an instance: its files, its environment with what was delivered, its user; ended with it."""

    async def run(self, workspace_id: WorkspaceId, command: Sequence[str], *, seconds: float) -> Ran:
        """Ends the command and all it started after `seconds`, or when the caller gives up. It begins only once a former one has ended,
        also one that a control plane began which was killed. Raises TookTooLong, DriverUnavailable, Rejected.
        """
        ...


@runtime_checkable
class Measures(Protocol):
    async def cpu_seconds(self) -> Mapping[WorkspaceId, float]:
        """Processor time that everything in each instance used so far; it falls where a process ended. Raises DriverUnavailable."""
        ...


@runtime_checkable
class Complains(Protocol):
    async def ailments(self) -> Mapping[WorkspaceId, Ailment]:
        """Of running instances, what they suffer from now or have suffered from in the last minutes. Raises DriverUnavailable."""
        ...


@runtime_checkable
class Alerts(Protocol):
    """Hears of itself when a running instance begins to suffer, as from an engine's events."""

    def alert(self, ring: Callable[[], None]) -> None:
        """From now on `ring` is called each time that `ailments` has something new to say; a hint only, in the caller's event loop."""
        ...


@runtime_checkable
class Examines(Protocol):
    """Can look its backend over: what it can do here, and what it cannot and why."""

    async def findings(self) -> Sequence[Finding]:
        """For `carrel doctor`, each about this backend. Changes nothing. Raises DriverUnavailable when nothing can be said."""
        ...


@runtime_checkable
class Leaves(Protocol):
    """Has more on its machine than its instances: networks, mounts, rules of a firewall."""

    async def leave(self) -> None:
        """Takes that away; the next create makes it anew. Without effect while any instance is left; repeating it is harmless.
        Raises DriverUnavailable, Rejected.
        """
        ...


@runtime_checkable
class Restarts(Protocol):
    async def restart(self, spec: Spec) -> None:
        """End what runs and start it again with the same address, secret and home. Raises as create."""
        ...


@runtime_checkable
class Logs(Protocol):
    async def logs(self, workspace_id: WorkspaceId, lines: int) -> str:
        """The last lines of what the app printed; empty if there is nothing. Raises DriverUnavailable."""
        ...


@runtime_checkable
class Vouches(Protocol):
    """Knows by itself whether an app is fit to be used, as a container engine's health check does."""

    async def vouches(self, workspace_id: WorkspaceId) -> bool:
        """Never raises; False where nothing is known."""
        ...


@dataclass(frozen=True, slots=True)
class DriverContext:
    """What a driver is opened with, whatever kind it is. Entry points of group `carrel.drivers` are called with it."""

    backend: str
    installation: InstallationId
    state_dir: str
    """Absolute. The driver uses `slots/`, `homes/` and `logs/` below it."""
    options: dict[str, object]
    """The backend's own settings besides `driver`. An unknown key raises Rejected."""
