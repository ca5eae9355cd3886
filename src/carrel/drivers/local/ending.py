"""Ends everything an instance started: politely, then by force, and only then its keeper, who must stay the ancestor of the rest."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterable

from carrel.drivers.local.processes import Member, Process, is_childless, send, stop_children
from carrel.ports.driver import DriverUnavailable

Find = Callable[[], Awaitable[list[Member]]]

_PAUSES = (0.02, 0.03, 0.05, 0.1, 0.15)
"""Seconds between looks; the last one repeats."""
_ROUNDS = 40
_FREEZES = 25


async def end_everything(find: Find, grace: float) -> None:
    """Returns once nothing is left. Raises DriverUnavailable if something outlives even SIGKILL."""
    members = await find()
    if not members:
        return
    for process in _apps(members):
        _ask(process)
    await _wait_for_apps(find, grace)
    await _end_by_force(find)


def _apps(members: Iterable[Member]) -> list[Process]:
    return [member.process for member in members if not member.is_keeper]


def _ask(process: Process) -> None:
    """Interactive shells ignore SIGTERM and heed the hang-up of their terminal; a stopped process hears nothing until it goes on."""
    send(process, signal.SIGTERM)
    if process.has_terminal:
        send(process, signal.SIGHUP)
    if process.is_stopped:
        send(process, signal.SIGCONT)


async def _wait_for_apps(find: Find, grace: float) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + grace
    turn = 0
    while _apps(await find()) and (left := deadline - loop.time()) > 0:
        await asyncio.sleep(min(_pause(turn), left))
        turn += 1


async def _end_by_force(find: Find) -> None:
    """A look can miss a process that forks and ends while we look. Its keeper cannot: it stays as long as it has a child.

    That is why a keeper is left to end by itself, and killed only when it idles without one.
    """
    for turn in range(_ROUNDS):
        members = await _frozen(find)
        if not members and not await find():
            return
        for member in members:
            if not member.is_keeper or (turn > len(_PAUSES) and is_childless(member.process)):
                send(member.process, signal.SIGKILL)
        await asyncio.sleep(_pause(turn))
    pids = ", ".join(str(member.process.pid) for member in (await find())[:5])
    if pids:
        raise DriverUnavailable(f"Some processes of this workspace outlive even SIGKILL (pids {pids}).")


async def _frozen(find: Find) -> list[Member]:
    """Everybody, once two looks found no new app to stop: what forks faster than we kill cannot fork once it is stopped."""
    seen: set[tuple[int, int]] = set()
    members: list[Member] = []
    for _ in range(_FREEZES):
        members = await find()
        apps = _apps(members)
        names = {(process.pid, process.started) for process in apps}
        if names <= seen:
            break
        seen |= names
        for process in apps:
            if not process.is_stopped:
                send(process, signal.SIGSTOP)
        for member in members:
            if member.is_keeper:
                stop_children(member.process)
    return members


def _pause(turn: int) -> float:
    return _PAUSES[min(turn, len(_PAUSES) - 1)]
