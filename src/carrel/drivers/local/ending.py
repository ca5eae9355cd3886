"""Ends everything an instance started: politely, then by force, and only then its keeper, who must stay the ancestor of the rest."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterable

from carrel.drivers.local.processes import Member, Process, send
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
    if _apps(members) and await _await_end(find, grace):
        await _kill_apps(find)
    await _end_keepers(find)


def _apps(members: Iterable[Member]) -> list[Process]:
    return [member.process for member in members if not member.is_keeper]


def _ask(process: Process) -> None:
    """Interactive shells ignore SIGTERM and heed the hang-up of their terminal; a stopped process hears nothing until it goes on."""
    send(process, signal.SIGTERM)
    if process.has_terminal:
        send(process, signal.SIGHUP)
    if process.is_stopped:
        send(process, signal.SIGCONT)


async def _await_end(find: Find, grace: float) -> bool:
    """Whether apps are left after the grace."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + grace
    turn = 0
    while _apps(await find()):
        left = deadline - loop.time()
        if left <= 0:
            return True
        await asyncio.sleep(min(_PAUSES[min(turn, len(_PAUSES) - 1)], left))
        turn += 1
    return False


async def _kill_apps(find: Find) -> None:
    """All are frozen before any is killed: what only forks faster than we look could otherwise outrun us."""
    for turn in range(_ROUNDS):
        if not (left := await _frozen(find)):
            return
        for process in left:
            send(process, signal.SIGKILL)
        await asyncio.sleep(_PAUSES[min(turn, len(_PAUSES) - 1)])
    names = ", ".join(str(process.pid) for process in _apps(await find())[:5])
    if names:
        raise DriverUnavailable(
            f"Some processes outlive even SIGKILL (pids {names}): the kernel is waiting for a device."
        )


async def _frozen(find: Find) -> list[Process]:
    """Everybody, once two looks in a row found nobody new, or after as many looks as there may be."""
    seen: set[tuple[int, int]] = set()
    left: list[Process] = []
    for _ in range(_FREEZES):
        left = _apps(await find())
        names = {(process.pid, process.started) for process in left}
        if names <= seen:
            break
        seen |= names
        for process in left:
            if not process.is_stopped:
                send(process, signal.SIGSTOP)
    return left


async def _end_keepers(find: Find) -> None:
    """A keeper with nothing left to keep ends by itself; one that does not is no loss now."""
    for turn in range(_ROUNDS):
        members = await find()
        if not members:
            return
        if turn >= len(_PAUSES) or _apps(members):
            for member in members:
                send(member.process, signal.SIGKILL)
        await asyncio.sleep(_PAUSES[min(turn, len(_PAUSES) - 1)])
    raise DriverUnavailable("The process that keeps this workspace's log does not end.")
