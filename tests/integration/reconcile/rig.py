"""A control plane without web or Envoy: real SQLite, the memory driver, and a hand that kills it at any step."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sqlalchemy as sa

from carrel.domain.account import User
from carrel.domain.actor import Person, Role
from carrel.domain.address import Addresses
from carrel.domain.ids import BackendName, InstallationId, PoolName, SessionId, TemplateName, UserId
from carrel.domain.pool import Pool
from carrel.domain.route import Route, Withdrawal
from carrel.domain.template import Template
from carrel.drivers.memory import ColdMemoryDriver, MemoryDriver, World
from carrel.mint import new_id
from carrel.reconcile.apply import Apply
from carrel.reconcile.bell import Bell
from carrel.reconcile.look import Look
from carrel.reconcile.loop import CALM_TICK, PoolLoop
from carrel.reconcile.publish import Publisher
from carrel.rules.recipe import versioned
from carrel.services.context import Context
from carrel.services.handover import hand_over
from carrel.store import pools, schema, templates, users
from carrel.store.engine import Store, open_store
from carrel.store.revision import bring_up

OURS = InstallationId("i" + "0" * 15)
TEMPLATE = versioned(Template(name=TemplateName("lab"), command=("true",)))
START = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


class Killed(BaseException):
    """What kill -9 looks like from inside: nothing after it runs, and nothing catches it."""


@dataclass(slots=True)
class Fuse:
    """Ends the process at its n-th step into the world, before or after the step took effect."""

    steps_left: int | None = None
    after: bool = False
    steps: int = 0
    is_blown: bool = False

    async def pass_through(self, step: Callable[[], Awaitable[Any]]) -> Any:
        if self.is_blown:
            raise Killed
        self.steps += 1
        self.is_blown = self.steps_left is not None and self.steps > self.steps_left
        if self.is_blown and not self.after:
            raise Killed
        result = await step()
        if self.is_blown:
            raise Killed
        return result


@dataclass(slots=True)
class HandClock:
    """Time that moves only by hand."""

    time: datetime = START

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return (self.time - START).total_seconds()

    async def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


class FusedStore:
    def __init__(self, store: Store, fuse: Fuse) -> None:
        self._store, self._fuse = store, fuse

    async def read(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
        return await self._store.read(fn, *args, **kwargs)

    async def write(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
        return await self._fuse.pass_through(lambda: self._store.write(fn, *args, **kwargs))

    async def keep_room(self) -> None:
        await self._store.keep_room()

    async def make_room(self) -> bool:
        return await self._store.make_room()


class FusedInstances:
    """A driver in memory behind the fuse; with all its capabilities besides bringing files in."""

    def __init__(self, driver: Any, fuse: Fuse) -> None:
        self._driver, self._fuse = driver, fuse

    async def create(self, spec: Any) -> None:
        await self._fuse.pass_through(lambda: self._driver.create(spec))

    async def destroy(self, workspace_id: Any) -> None:
        await self._fuse.pass_through(lambda: self._driver.destroy(workspace_id))

    async def list(self) -> Any:
        return await self._driver.list()

    async def detach(self, workspace_id: Any) -> None:
        await self._fuse.pass_through(lambda: self._driver.detach(workspace_id))

    async def deliver(self, workspace_id: Any, delivery: Any) -> None:
        await self._fuse.pass_through(lambda: self._driver.deliver(workspace_id, delivery))

    async def run(self, workspace_id: Any, command: Any, *, seconds: float) -> Any:
        return await self._fuse.pass_through(lambda: self._driver.run(workspace_id, command, seconds=seconds))

    @property
    def home_place(self) -> str:
        return self._driver.home_place

    async def measure_home(self, home_id: Any) -> int:
        return await self._driver.measure_home(home_id)

    def archive_home(self, home_id: Any) -> Any:
        return self._driver.archive_home(home_id)

    async def remove_home(self, home_id: Any) -> None:
        await self._driver.remove_home(home_id)

    async def logs(self, workspace_id: Any, lines: int) -> str:
        return await self._driver.logs(workspace_id, lines)

    async def vouches(self, workspace_id: Any) -> bool:
        return await self._driver.vouches(workspace_id)

    async def ailments(self) -> Any:
        return await self._driver.ailments()

    async def aclose(self) -> None:
        await self._driver.aclose()


class FusedDriver(FusedInstances):
    async def attach(self, workspace_id: Any, home_id: Any) -> None:
        await self._fuse.pass_through(lambda: self._driver.attach(workspace_id, home_id))


class FusedColdDriver(FusedInstances):
    @property
    def starts_with_home(self) -> Any:
        return self._driver.starts_with_home

    async def restart(self, spec: Any) -> None:
        await self._fuse.pass_through(lambda: self._driver.restart(spec))


@dataclass(slots=True)
class RecordingDataPlane:
    routes: list[Route] = field(default_factory=list)
    withdrawals: list[Withdrawal] = field(default_factory=list)

    async def publish(self, routes: Any) -> None:
        self.routes = list(routes)

    async def withdraw(self, withdrawals: Any) -> None:
        self.withdrawals = list(withdrawals)


class NeverAsked:
    async def answers(self, endpoint: Any, path: str, authorization: str) -> bool:
        raise AssertionError("the memory driver vouches for its instances")


@dataclass(slots=True)
class Rig:
    """One life of the control plane; `reborn` is the next one, in the same world and over the same file."""

    path: Path
    pool: Pool
    world: World
    clock: HandClock
    dataplane: RecordingDataPlane
    store: Store
    driver: MemoryDriver
    context: Context
    loop: PoolLoop
    fuse: Fuse

    async def reborn(self, fuse: Fuse | None = None) -> "Rig":
        """Over the same file; after a kill it stays open, for what was killed writes no more (see Fuse)."""
        store = self.store if self.fuse.is_blown else None
        if store is None:
            await self.store.aclose()
        self.clock.time += timedelta(seconds=60)
        return await rig(
            *(self.path, self.pool), world=self.world, clock=self.clock, fuse=fuse, kind=type(self.driver), store=store
        )  # fmt: skip

    async def settle(self, passes: int = 60) -> None:
        """Look, plan and apply until nothing is left to do for a while; each pass takes a little time."""
        calm = 0
        for _ in range(passes):
            calm = calm + 1 if await self.loop.pass_once() == CALM_TICK else 0
            await self.loop.settled()
            self.clock.time += timedelta(seconds=1)
            if calm == 3:
                return

    async def person(self, name: str) -> Person:
        user = User(UserId(new_id()), name, name, Role.USER, self.clock.now())
        await self.store.write(users.add, user)
        return Person(user.id, name, Role.USER, SessionId(new_id()))

    async def aclose(self) -> None:
        await self.store.aclose()


@cache
def _empty_tables() -> bytes:
    """Made once for the hundreds of lives that begin with them."""
    with TemporaryDirectory() as folder:
        made = Path(folder, "carrel.sqlite")
        engine = sa.create_engine(f"sqlite:///{made}")
        with engine.begin() as connection:
            bring_up(connection)
        engine.dispose()
        return made.read_bytes()


def _opened(database: Path) -> Store:
    if not database.exists():
        database.write_bytes(_empty_tables())
    return open_store(f"sqlite:///{database}")


async def emptied(store: Store) -> Store:
    """As it was before its first life. Opening another would compile every statement anew, which takes longer than a life."""

    def empty(connection: sa.Connection) -> None:
        connection.execute(sa.text("PRAGMA defer_foreign_keys = ON"))
        for table in schema.metadata.sorted_tables:
            connection.execute(table.delete())

    await store.write(empty)
    return store


async def rig(
    path: Path,
    pool: Pool,
    *,
    world: World | None = None,
    clock: HandClock | None = None,
    fuse: Fuse | None = None,
    template: Template = TEMPLATE,
    driver: Any = None,
    kind: Callable[..., Any] = MemoryDriver,
    store: Store | None = None,
) -> Rig:
    """The instances are in memory, unless another driver is given; it has to vouch for them. The store is opened, unless it is."""
    world, clock, fuse = world or World(), clock or HandClock(), fuse or Fuse()
    store = store or _opened(path / "carrel.sqlite")
    await store.write(templates.put, template, clock.now())
    await store.write(pools.put, pool, clock.now())
    driver = driver or kind(world, place=(OURS, pool.backend), port=9)
    fused: Any = (FusedColdDriver if isinstance(driver, ColdMemoryDriver) else FusedDriver)(driver, fuse)
    fused_store = FusedStore(store, fuse)
    bell, dataplane = Bell(), RecordingDataPlane()
    context = Context(
        installation=OURS,
        store=fused_store,
        clock=clock,
        wake=bell,
        drivers={pool.backend: fused},
        probe=NeverAsked(),
        dataplane=dataplane,
        addresses=Addresses("http://localhost:8000", "http", "localhost", 8001),
    )
    publisher = Publisher(fused_store, clock, bell, dataplane)

    async def give(claim: Any) -> Any:
        return await hand_over(context, claim)

    apply = Apply(fused_store, clock, bell, fused, give, publisher.publish)
    look = Look(PoolName(pool.name), fused_store, clock, NeverAsked(), fused)
    loop = PoolLoop(PoolName(pool.name), new_id(), fused_store, clock, bell, look, apply)
    return Rig(path, pool, world, clock, dataplane, store, driver, context, loop, fuse)


def a_pool(**values: Any) -> Pool:
    return Pool(
        **{"name": PoolName("lab"), "template": TEMPLATE.name, "backend": BackendName("memory"), **values}
    )
