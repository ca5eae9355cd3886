"""The control plane, put together: everything it needs is opened here, in order, and let go in the reverse order.

It listens on sockets only and starts no data plane; whoever runs it does.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from zoneinfo import ZoneInfo

import structlog

from carrel.app.configure import configure, resume
from carrel.app.dataplane import certificates_of
from carrel.app.doctor.doctor import Doctor
from carrel.app.housekeeping import keep_house, keep_room
from carrel.app.sockets import SocketServer
from carrel.app.statedir import StateDir
from carrel.clock import SystemClock
from carrel.dataplane.activity import AppActivity
from carrel.dataplane.certificates import Certificates
from carrel.dataplane.files import EnvoyFiles
from carrel.dataplane.keys import verifying_key
from carrel.dataplane.probe import HttpProbe
from carrel.dataplane.streamlog import StreamLog
from carrel.domain.actor import System
from carrel.domain.errors import Conflict, Invalid, Unavailable
from carrel.domain.ids import BackendName, InstallationId, PoolName
from carrel.drivers.registry import open_backend
from carrel.mint import new_id, new_signing_key
from carrel.ports.activity import ActivityProbe
from carrel.ports.driver import Driver, DriverContext, DriverError
from carrel.reconcile.apply import Apply
from carrel.reconcile.bell import Bell
from carrel.reconcile.look import Look
from carrel.reconcile.loop import PoolLoop
from carrel.reconcile.publish import Publisher
from carrel.reconcile.strays import StrayLoop
from carrel.reconcile.watching import Watching
from carrel.services import samples, tokens
from carrel.services.context import Context
from carrel.services.handover import hand_over
from carrel.services.home_keeping import HomeKeeper
from carrel.services.signing import open_signer
from carrel.settings import Settings
from carrel.settings.shown import in_effect
from carrel.store import installation, keys, pools
from carrel.store.engine import Store, make_room, open_store
from carrel.web import echo
from carrel.web.app import hub_app
from carrel.web.internal import authorizer_app
from carrel.web.metrics import Metrics

_log = structlog.get_logger(__name__)

PUT_OFF_FOR = 10.0
"""Seconds until a loop that found the store away or full tries again."""
AGAIN_AFTER = 1.0
"""Seconds until a loop that ended by a mistake of ours begins again."""


@dataclass(slots=True)
class ControlPlane:
    settings: Settings
    state: StateDir
    context: Context
    publisher: Publisher
    activity: ActivityProbe
    certificates: Certificates
    _loops: list[asyncio.Task[None]] = field(default_factory=list)

    async def start_loops(self) -> None:
        """From here on instances are started and ended."""
        self._loops = await _loops(self)

    async def stop_loops(self) -> None:
        """Nothing is reconciled after this returns. Twice is harmless."""
        for task in self._loops:
            task.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)


@asynccontextmanager
async def control_plane(
    settings: Settings, *, check: Callable[[], Awaitable[None]] | None = None
) -> AsyncIterator[ControlPlane]:
    """Answering inside the `async with`, and reconciling from `start_loops` on: what may still keep the whole from starting
    comes before it, so that a start that fails leaves nothing running. Raises CarrelError with a sentence that says what to do.

    `check` is called once the state directory is ours and before anything in it is touched.
    """
    state = StateDir(settings.state_dir)
    state.prepare()
    make_room(settings.database)
    async with AsyncExitStack() as stack:
        stack.enter_context(state.held())
        if check is not None:
            await check()
        plane = await _put_together(settings, state, stack)
        servers = await _servers(plane)
        stack.push_async_callback(_stop, servers)
        for server in servers:
            await server.start()
        stack.push_async_callback(plane.stop_loops)
        yield plane


async def _put_together(settings: Settings, state: StateDir, stack: AsyncExitStack) -> ControlPlane:
    clock, bell = SystemClock(), Bell()
    certificates = certificates_of(settings, clock)
    await certificates.start()
    store = open_store(settings.database)
    stack.push_async_callback(store.aclose)
    await store.keep_room()
    await store.migrate()
    ours = await store.write(installation.ensure, InstallationId(new_id()), clock.now())
    for difference in await store.write(
        configure, settings.domain_templates(), settings.domain_pools(), clock.now()
    ):
        _log.info("settings changed", change=str(difference))
    await store.write(resume, clock.now())
    drivers = _drivers(settings, ours, {pool.backend for pool in await store.read(pools.reconciled)})
    for driver in drivers.values():
        stack.push_async_callback(driver.aclose)
    files = EnvoyFiles(state.run, clock)
    context = Context(
        installation=ours,
        store=store,
        clock=clock,
        wake=bell,
        drivers=drivers,
        probe=await stack.enter_async_context(HttpProbe()),
        dataplane=files,
        addresses=settings.addresses(),
        zone=ZoneInfo(settings.time_zone),
        session_lifetime=settings.session_lifetime,
        keep_deleted_homes=settings.keep_deleted_homes,
        homes_per_person=settings.homes_per_person,
        home_size_warning=settings.home_size_warning,
        trusted_hops=settings.trusted_hops,
        settings=in_effect(settings),
    )
    publisher = Publisher(store, clock, bell, files, our_ports=(settings.port, settings.workspaces_port))
    await files.trust([verifying_key(*key) for key in await _keys(store, context)])
    await publisher.publish()
    await publisher.withdraw()
    await _ensure_bootstrap(settings, context)
    return ControlPlane(settings, state, context, publisher, AppActivity(), certificates)


async def _ensure_bootstrap(settings: Settings, context: Context) -> None:
    """A token that was revoked, or whose admin is none any more, stays dead and keeps nobody from working. Raises Invalid."""
    if settings.bootstrap_token is None:
        return
    try:
        await tokens.ensure_bootstrap(context, settings.bootstrap_token.get_secret_value())
    except Conflict as error:
        _log.warning("no bootstrap token", why=error.sentence)


async def _keys(store: Store, context: Context) -> list[tuple[str, str]]:
    known = await store.write(keys.ensure, *new_signing_key(), context.clock.now())
    return [(key.kid, key.private_pem) for key in known]


def _drivers(
    settings: Settings, ours: InstallationId, used: Collection[BackendName]
) -> dict[BackendName, Driver]:
    """Those of removed pools too, while something of theirs runs. Raises Invalid for one that cannot work as configured."""
    opened: dict[BackendName, Driver] = {}
    for name, backend in settings.backends.items():
        if name not in used:
            continue
        context = DriverContext(
            backend=name, installation=ours, state_dir=str(settings.state_dir), options=backend.options
        )
        try:
            opened[BackendName(name)] = open_backend(backend.driver, context)
        except DriverError as error:
            raise Invalid(f"Backend {name!r} cannot be opened: {error.sentence}") from error
    return opened


async def _servers(plane: ControlPlane) -> list[SocketServer]:
    context, state = plane.context, plane.state
    signer = await open_signer(context)
    metrics, doctor = Metrics(context.clock), Doctor(plane.settings, context.clock, context)
    hub = hub_app(context, metrics=metrics, checkup=doctor, development=plane.settings.development)
    owners = hub_app(context, owner=System("owner"), metrics=metrics, checkup=doctor)
    return [
        SocketServer(authorizer_app(context, signer), state.authorizer_socket),
        SocketServer(hub, state.hub_socket, longest_message=echo.LONGEST),
        SocketServer(owners, state.owner_socket),
    ]


async def _stop(servers: list[SocketServer]) -> None:
    await asyncio.gather(*(server.stop() for server in servers))


async def _loops(plane: ControlPlane) -> list[asyncio.Task[None]]:
    context = plane.context
    replica = new_id()
    runs: dict[str, Callable[[], Awaitable[None]]] = {
        "publish routes": plane.publisher.run,
        "renew certificates": plane.certificates.run,
        "watch use": _watching(plane).run,
        "keep house": partial(keep_house, context, plane.settings.keep_history),
        "keep room": partial(keep_room, context),
        "keep homes": HomeKeeper(context).run,
        "sample pools": partial(samples.keep_taking, context),
    }
    for pool in await context.store.read(pools.reconciled):
        driver = context.drivers.get(pool.backend)
        if driver is None:
            _log.error(
                "pool not looked after", pool=pool.name, why=f"no backend called {pool.backend!r} is open"
            )
            continue
        runs[f"pool {pool.name}"] = _pool_loop(plane, pool.name, driver, replica).run
    for name, driver in context.drivers.items():
        runs[f"strays of {name}"] = StrayLoop(name, context.store, context.clock, driver).run
    return [asyncio.create_task(_kept_running(name, run), name=name) for name, run in runs.items()]


def _pool_loop(plane: ControlPlane, pool: PoolName, driver: Driver, replica: str) -> PoolLoop:
    context = plane.context
    store, clock, wake = context.store, context.clock, context.wake
    give, zone = partial(hand_over, context), context.zone
    apply = Apply(store, clock, wake, driver, give, plane.publisher.publish, zone)
    look = Look(pool, store, clock, context.probe, driver, zone)
    return PoolLoop(pool, replica, store, clock, wake, look, apply)


def _watching(plane: ControlPlane) -> Watching:
    context, run = plane.context, plane.state.run
    streams = StreamLog(run / "streams.log", context.clock, bootstrap=run / "bootstrap.json")
    every = plane.settings.activity_every
    return Watching(
        context.store, context.clock, context.drivers, plane.activity, streams, every, context.wake
    )


async def _kept_running(name: str, run: Callable[[], Awaitable[None]]) -> None:
    """A loop that returns is done. One that raises made a mistake of ours: it is logged and begun again."""
    while True:
        try:
            await run()
        except Unavailable as error:
            _log.warning("loop put off", loop=name, why=error.sentence)
            await asyncio.sleep(PUT_OFF_FOR)
        except Exception:  # noqa: BLE001 - whatever it was, people must go on being served
            _log.exception("loop ended by mistake", loop=name)
            await asyncio.sleep(AGAIN_AFTER)
        else:
            return
