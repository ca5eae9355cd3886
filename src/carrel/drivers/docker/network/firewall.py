"""Raises the walls around a network on this machine, sees whether they stand, and takes them away. Needs root; which rules they are,
`walls` says. Rules of others are never touched.
"""

import asyncio
import shutil
import socket
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Protocol

from carrel.drivers.docker.network import walls as rules
from carrel.drivers.docker.network.walls import Walls
from carrel.ports.driver import DriverUnavailable

_WAITS: Final = 5
"""Seconds for others that write rules at the same moment."""
_SECONDS: Final = 15.0
_SYSTEM: Final = "/usr/sbin:/sbin:/usr/bin:/bin"
"""Services are often started with a PATH that lacks what only root runs."""
_SPEAKS_IPV6: Final = Path("/proc/net/if_inet6")


class NotHere(DriverUnavailable):
    """The network is not in this process's network namespace: rules here would wall in nobody."""


class Firewall(Protocol):
    """In this process, or in the gate's. Each is done in full before it returns, and may be repeated at any time."""

    async def raise_walls(self, walls: Walls) -> None:
        """Afterwards they stand, all of them and in order; costs one look where they stand already. Raises DriverUnavailable."""
        ...

    async def missing(self, walls: Walls) -> Sequence[str]:
        """The rules that do not stand, as iptables-save would write them. Raises DriverUnavailable."""
        ...

    async def lower_walls(self, walls: Walls) -> None:
        """Absence is success. Raises DriverUnavailable."""
        ...


class Iptables:
    """The Firewall of a process that is root and in the network namespace of the engine."""

    def __init__(
        self, programs: tuple[str, str] = ("iptables", "ip6tables"), *, only_where_seen: bool = False
    ) -> None:
        """Both kinds of tables count for the kernel, so what the system calls by the plain name will do.

        `only_where_seen`: raises NotHere for a bridge that this process does not see, as in a container or beside a virtual machine.
        """
        self._program, self._program6 = programs
        self._only_where_seen = only_where_seen

    async def raise_walls(self, walls: Walls) -> None:
        self._look_for(walls.bridge)
        saved = await _save(self._program)
        if rules.missing(saved, walls):
            await _restore(self._program, rules.raising(saved, walls))
        await self._each6(lambda saved: rules.raising6(saved, walls) if rules.missing6(saved, walls) else "")

    async def missing(self, walls: Walls) -> Sequence[str]:
        self._look_for(walls.bridge)
        found = rules.missing(await _save(self._program), walls)
        if not _SPEAKS_IPV6.exists():
            return found
        return [*found, *(f"{line} (IPv6)" for line in rules.missing6(await _save(self._program6), walls))]

    async def lower_walls(self, walls: Walls) -> None:
        text = rules.lowering(await _save(self._program), walls)
        if text:
            await _restore(self._program, text)
        await self._each6(lambda saved: rules.lowering6(saved, walls))

    def _look_for(self, bridge: str) -> None:
        if not self._only_where_seen:
            return
        try:
            socket.if_nametoindex(bridge)
        except OSError:
            raise NotHere(
                f"the engine's bridge {bridge} is not on this machine; the engine runs in a virtual machine, or Carrel in a container."
            ) from None

    async def _each6(self, change: Callable[[str], str]) -> None:
        if not _SPEAKS_IPV6.exists():
            return
        text = change(await _save(self._program6))
        if text:
            await _restore(self._program6, text)


async def _save(program: str) -> str:
    return await _run(f"{program}-save", "-t", rules.TABLE)


async def _restore(program: str, text: str) -> None:
    await _run(f"{program}-restore", "--noflush", "-w", str(_WAITS), given=text)


async def _run(program: str, *arguments: str, given: str = "") -> str:
    found = shutil.which(program) or shutil.which(program, path=_SYSTEM)
    if found is None:
        raise DriverUnavailable(f"The walls cannot be raised: {program} is not installed (package iptables).")
    # No pipe: to write into that of a program which has ended already is an error of the event loop.
    with tempfile.TemporaryFile() as text:
        text.write(given.encode())
        text.seek(0)
        process = await asyncio.create_subprocess_exec(
            found, *arguments, stdin=text, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
    try:
        async with asyncio.timeout(_SECONDS):
            out, err = await process.communicate()
    except TimeoutError as error:
        raise DriverUnavailable(f"{program} did not end within {_SECONDS:g} seconds.") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        lines = err.decode(errors="replace").strip().splitlines()
        raise DriverUnavailable(f"{program}: {lines[0] if lines else f'exit status {process.returncode}'}")
    return out.decode(errors="replace")
