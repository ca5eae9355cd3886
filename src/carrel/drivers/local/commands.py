"""Runs a command inside an instance, by a small process of its own that ends with whoever waits for it. Decides nothing about results."""

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from carrel.drivers.local import runner
from carrel.drivers.local.keeper import MARK
from carrel.drivers.local.processes import Member
from carrel.ports.driver import DriverUnavailable, Ran, Rejected, TookTooLong

OUTPUT_LIMIT: Final = 64 * 1024
"""Bytes kept of what a command printed, from the end."""
ENDS_WITHIN: Final = 10.0
"""Seconds that the ending of a command may take on a machine that is busy."""


@dataclass(frozen=True, slots=True)
class Running:
    """A command under way, seen and tagged from the first moment on."""

    process: asyncio.subprocess.Process
    seconds: float

    async def ended(self) -> Ran:
        """Raises TookTooLong, DriverUnavailable. Whoever gives up ends the command."""
        try:
            async with asyncio.timeout(self.seconds + ENDS_WITHIN):
                told = await self._said.read()
        except TimeoutError:
            raise TookTooLong(_too_long(self.seconds)) from None
        finally:
            await self.let_go()
        return _ran(told, self.seconds)

    async def begun(self) -> None:
        await self._said.readline()

    async def let_go(self) -> None:
        """The end of its input tells it that nobody waits any more."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(ENDS_WITHIN):
                await self.process.wait()

    @property
    def _said(self) -> asyncio.StreamReader:
        if self.process.stdout is None:
            raise AssertionError("begun with a pipe")
        return self.process.stdout


async def begin(members: Sequence[Member], slot: Path, command: Sequence[str], seconds: float) -> Running:
    """`members`: the instance's processes. Returns once a look at all processes would see it. Raises DriverUnavailable, OSError."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-S", runner.__file__),
        *(str(slot), str(seconds), str(OUTPUT_LIMIT)),
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=_own_environment(members),
        start_new_session=True,
    )
    running = Running(process, seconds)
    try:
        async with asyncio.timeout(ENDS_WITHIN):
            await running.begun()
    except TimeoutError:
        await running.let_go()
        raise DriverUnavailable("A command could not be started in time.") from None
    except asyncio.CancelledError:
        await running.let_go()
        raise
    return running


def _own_environment(members: Sequence[Member]) -> dict[bytes, bytes]:
    """As the app was started with, tags and all: its keeper still has it, and no disk."""
    mark, ours = MARK.encode(), runner.MARK.encode()
    for member in members:
        found = _environment_of(member) if member.is_keeper else {}
        if found and found.get(mark) != ours:
            return found | {mark: ours}
    raise DriverUnavailable("Nothing runs in this workspace, so no command can be run in it.")


def _environment_of(member: Member) -> dict[bytes, bytes]:
    """Empty for one that has ended meanwhile."""
    try:
        raw = Path(f"/proc/{member.process.pid}/environ").read_bytes()
    except OSError:
        return {}
    pairs = (each.partition(b"=") for each in raw.split(b"\0") if each)
    return {name: value for name, _, value in pairs}


def _ran(told: bytes, seconds: float) -> Ran:
    try:
        found = json.loads(told)
    except ValueError:
        raise DriverUnavailable("The command was ended from outside, perhaps with its workspace.") from None
    output = str(found["output"])
    if found["error"]:
        raise Rejected(f"The command could not be started: {os.strerror(int(found['error']))}.")
    if found["is_late"]:
        raise TookTooLong(_too_long(seconds), output)
    return Ran(int(found["code"]), output)


def _too_long(seconds: float) -> str:
    return f"The command did not end within {seconds:g} seconds."
