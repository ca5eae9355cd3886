"""Runs a command inside a container, by a shell of the image's own (`running.sh`). Decides nothing about results.

An image must have `sh` with `kill` and `read` built in, as dash, bash and busybox have them, and /proc.
"""

import asyncio
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from weakref import WeakValueDictionary

import aiohttp
from aiodocker.exceptions import DockerError
from aiodocker.execs import Exec
from aiodocker.stream import Stream

from carrel.drivers.docker.engine import Engine
from carrel.drivers.docker.faults import asking, shortened
from carrel.mint import new_id
from carrel.ports.driver import DriverUnavailable, Ran, Rejected, TookTooLong

OUTPUT_LIMIT: Final = 64 * 1024
"""Bytes kept of what a command printed, from the end."""
ENDS_WITHIN: Final = 10.0
"""Seconds that the ending of a command may take on a machine that is busy."""
_LINGERS: Final = 1.0
"""Seconds for the rest of the output once it has ended: what escaped may hold it open for good."""
_LINES: Final = Path(__file__).with_name("running.sh").read_text(encoding="utf-8").splitlines()
_SCRIPT: Final = "\n".join(line.strip() for line in _LINES if not line.startswith("#"))
_END: Final = re.compile(rb"^(?:missing|ended (\d+))$", re.MULTILINE)
_SAID_AT_MOST: Final = 4096
_CANNOT: Final = "The command cannot be run"
_LAST_SIGNAL: Final = 128 + 64
"""Shells tell of a signal as of a status above 128."""
_NOT_RUNNING: Final = 409
_STDOUT: Final = 1
_NOT_STARTED: Final = frozenset({126, 127})


@dataclass(frozen=True, slots=True)
class Place:
    """Where and as whom a command runs."""

    container: str
    """Name or id of the app's container."""
    home: str
    """Its home_path."""
    user: str = ""
    """ "uid:gid"; the container's own if empty. Give the owner of the person's files where the container begins as root."""


class Commands:
    """One at a time for each container; a second one waits, and its time runs."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def run(self, place: Place, command: Sequence[str], *, seconds: float) -> Ran:
        """As `ports.driver.Runs`. Raises TookTooLong, DriverUnavailable, Rejected."""
        told = _Told()
        turn = self._turns.setdefault(place.container, asyncio.Lock())
        try:
            async with asyncio.timeout(seconds), turn:
                await self._run(place, command, told)
        except TimeoutError:
            raise TookTooLong(f"The command did not end within {seconds:g} seconds.", told.text) from None
        return told.ran()

    async def _run(self, place: Place, command: Sequence[str], told: "_Told") -> None:
        with asking(_CANNOT):
            running = await self._begun(place, command)
            stream = running.start()
            try:
                await _listen(stream, told)
            finally:
                await _let_go(stream, told)
            if not told.is_over:
                told.status = (await running.inspect()).get("ExitCode")

    async def _begun(self, place: Place, command: Sequence[str]) -> Exec:
        asked = {
            "AttachStdin": True,
            "AttachStdout": True,
            "AttachStderr": True,
            "Tty": False,
            "User": place.user,
            "WorkingDir": place.home,
            "Env": [f"CARREL_RUN={new_id()}"],
            "Cmd": ["sh", "-c", _SCRIPT, "carrel-run", *command],
        }
        path = f"containers/{place.container}/exec"
        made = await self._engine.call("POST", path, what=_CANNOT, json=asked, absent=(_NOT_RUNNING,))
        if made is None:
            raise DriverUnavailable("Nothing runs in this workspace, so no command can be run in it.")
        return Exec(self._engine.client(), made["Id"], tty=False)


@dataclass(slots=True)
class _Told:
    """What came out of a command, and what its shell said of it."""

    output: bytes = b""
    said: bytes = b""
    status: int | None = None
    """Of the shell, as the engine has it, where the shell said nothing."""

    def take(self, stream: int, data: bytes) -> None:
        if stream == _STDOUT:
            self.output = (self.output + data)[-OUTPUT_LIMIT:]
        else:
            self.said = (self.said + data)[-_SAID_AT_MOST:]

    @property
    def text(self) -> str:
        return self.output.decode(errors="replace")

    @property
    def is_over(self) -> bool:
        return _END.search(self.said) is not None

    def ran(self) -> Ran:
        """Raises Rejected, DriverUnavailable."""
        end = _END.search(self.said)
        if end is not None and end[1] is None:
            raise Rejected("The command could not be started: there is no such program in the container.")
        if end is not None:
            code = int(end[1])
            return Ran(128 - code if 128 < code <= _LAST_SIGNAL else code, self.text)
        if self.status in _NOT_STARTED:
            why = shortened(f"{self.said.decode(errors='replace')} {self.text}")
            raise Rejected(
                f"No command can be run in this container: {why}. It needs a shell, its home and /proc."
            )
        raise DriverUnavailable("The command was ended from outside, perhaps with its workspace.")


async def _listen(stream: Stream, told: _Told) -> None:
    while not told.is_over:
        message = await stream.read_out()
        if message is None:
            return
        told.take(message.stream, message.data)
    with suppress(TimeoutError):
        async with asyncio.timeout(_LINGERS):
            while (message := await stream.read_out()) is not None:
                told.take(message.stream, message.data)


async def _let_go(stream: Stream, told: _Told) -> None:
    """A line tells the shell that nobody waits; the end of its input would too, and does when we are killed."""
    with suppress(DockerError, aiohttp.ClientError, OSError, TimeoutError, AssertionError, RuntimeError):
        async with asyncio.timeout(ENDS_WITHIN):
            if not told.is_over:
                await stream.write_in(b"\n")
                await _listen(stream, told)
    await stream.close()
