"""Carrel on one machine: the control plane and its Envoy, from the first line to the last signal."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
import uvloop

from carrel.app.control import ControlPlane, control_plane
from carrel.app.dataplane import envoy_of
from carrel.app.log import configure_log
from carrel.app.openfiles import allow_many
from carrel.app.shutdown import end_workspaces
from carrel.app.statedir import StateDir
from carrel.dataplane.envoy import Envoy
from carrel.domain.errors import Conflict
from carrel.services.links import new_link
from carrel.settings import Settings
from carrel.store import pools

_log = structlog.get_logger(__name__)

WARM_WITHIN = 6.0
"""Seconds that the announcement waits for a first warm workspace in each pool; people can sign in before, so no longer."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """What whoever started Carrel should know now."""

    hub: str
    link: str | None
    """None where there is nobody whom it could sign in."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wishes:
    """What `carrel up` was asked for besides the settings."""

    keep_workspaces: bool = False
    """After Ctrl-C too."""
    restart_dataplane: bool = False
    """Bring changed data plane settings in now, although it cuts every connection."""


def run_machine(settings: Settings, wishes: Wishes, announce: Callable[[Announcement], None]) -> None:
    """Until SIGTERM, which ends the control plane alone, or SIGINT, which ends everything. Raises CarrelError."""
    _run(_machine(settings, wishes, announce), settings, terminal_level="warning")


def run_control_plane(settings: Settings) -> None:
    """`carrel serve`: no data plane of its own; both signals end it and leave everything else running."""
    _run(_serve(settings), settings, terminal_level=settings.log_level)


def _run(main: Coroutine[Any, Any, None], settings: Settings, *, terminal_level: str) -> None:
    state = StateDir(settings.state_dir)
    try:
        state.prepare()
        configure_log(state.root / "logs", level=settings.log_level, terminal_level=terminal_level)
    except BaseException:
        main.close()
        raise
    allow_many()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main)


async def _serve(settings: Settings) -> None:
    ending = _listen_for_signals()
    async with control_plane(settings) as plane:
        await plane.start_loops()
        _log.info("control plane serves", state_dir=str(settings.state_dir))
        await ending


async def _machine(settings: Settings, wishes: Wishes, announce: Callable[[Announcement], None]) -> None:
    ending = _listen_for_signals()
    async with AsyncExitStack() as stack:
        envoy = envoy_of(settings)
        check = partial(envoy.check, afresh=wishes.restart_dataplane)
        plane = await stack.enter_async_context(control_plane(settings, check=check))
        await envoy.start(afresh=wishes.restart_dataplane)
        stack.push_async_callback(envoy.aclose)
        await plane.start_loops()
        await _wait_for_warm(plane, ending)
        if not ending.done():
            announce(await _announcement(plane, envoy))
        if await ending is signal.SIGINT:
            await _end_all(plane, envoy, wishes)


async def _end_all(plane: ControlPlane, envoy: Envoy, wishes: Wishes) -> None:
    await plane.stop_loops()
    await envoy.stop()
    if not wishes.keep_workspaces:
        await end_workspaces(plane.context)


def _listen_for_signals() -> asyncio.Future[signal.Signals]:
    loop = asyncio.get_running_loop()
    ending: asyncio.Future[signal.Signals] = loop.create_future()

    def hear(number: signal.Signals) -> None:
        if not ending.done():
            ending.set_result(number)
        elif number is signal.SIGINT:
            raise KeyboardInterrupt  # a second Ctrl-C means now; a repeated SIGTERM is make passing on what we have already

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, hear, number)
    return ending


async def _wait_for_warm(plane: ControlPlane, ending: asyncio.Future[signal.Signals]) -> None:
    clock = plane.context.clock
    deadline = clock.monotonic() + WARM_WITHIN
    while clock.monotonic() < deadline and not ending.done():
        counts = await plane.context.store.read(pools.counts)
        wanted = [pool.name for pool in plane.settings.domain_pools() if pool.warm and not pool.paused]
        if all(name in counts and counts[name].ready for name in wanted):
            return
        await clock.sleep(0.1)


async def _announcement(plane: ControlPlane, envoy: Envoy) -> Announcement:
    link, notes = await _link(plane)
    if envoy.adopted:
        notes.append("Envoy was running already and goes on; nobody was cut off.")
    if envoy.outdated:
        notes.append(
            "Envoy still has the data plane settings of its start. "
            "`carrel up --restart-dataplane` brings the new ones in and cuts open connections."
        )
    return Announcement(plane.context.addresses.hub_page(), link, tuple(notes))


async def _link(plane: ControlPlane) -> tuple[str | None, list[str]]:
    """Whoever took the first admin's rights away must not have kept Carrel from ever starting again."""
    try:
        return await new_link(plane.context), []
    except Conflict as error:
        return None, [f"There is no sign-in link: {error.sentence}"]
