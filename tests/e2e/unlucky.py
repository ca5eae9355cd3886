"""Bad luck, arranged: a `carrel up` that is not to come up, rights taken away, a disk too small; and what must never be in a log."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .conftest import absent
from .running import CARREL, LAB_BIN, Carrel

QUIET_LAB = "[pools.jupyterlab]\nwarm = 0\n"
WITHOUT_ROOTS_RIGHTS = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search,-fowner", "--")
"""Root may read and write everything; these are the rights it does that by."""


@dataclass(frozen=True, slots=True)
class Refusal:
    status: int
    said: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """A process that has loaded `carrel`, and runs it in forks of itself (`forking.py`)."""

    process: asyncio.subprocess.Process
    output: Path

    async def run(self, arguments: Sequence[str], environment: Mapping[str, str]) -> Refusal:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        asked = {"arguments": arguments, "environment": environment, "output": str(self.output)}
        self.process.stdin.write(json.dumps(asked).encode() + b"\n")
        try:
            async with asyncio.timeout(30):
                status = int(await self.process.stdout.readline())
        except BaseException:
            os.killpg(self.process.pid, signal.SIGKILL)
            raise
        return Refusal(status, self.output.read_text())


@contextlib.asynccontextmanager
async def loaded(output: Path, before: Sequence[str] = ()) -> AsyncIterator[Loaded]:
    process = await asyncio.create_subprocess_exec(
        *before, sys.executable, Path(__file__).with_name("forking.py"), cwd="/", start_new_session=True,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield Loaded(process, output)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


async def refused(carrel: Carrel, by: Loaded | None = None, *, ports: bool = True) -> Refusal:
    """How this start ended that was to come to nothing: with a sentence, with no stack trace, and with nothing left running."""
    arguments = ["up", "--state-dir", str(carrel.state), "--no-open"]
    if ports:
        arguments += ["--port", str(carrel.port), "--workspaces-port", str(carrel.workspaces_port)]
    if carrel.config is not None:
        arguments += ["--config", str(carrel.config)]
    environment = {
        "PATH": f"{LAB_BIN}:{os.environ['PATH']}",
        "HOME": os.environ.get("HOME", "/"),
        "CARREL_BOOTSTRAP_TOKEN": carrel.token,
        **carrel.environment,
    }
    already = {process.pid for process in carrel.processes()}
    refusal = await (by.run(arguments, environment) if by else _run(arguments, environment))
    said = refusal.said
    assert refusal.status > 0, f"it came up after all, or was stopped:\n{said}"
    assert "Traceback" not in said, said
    assert "Carrel is ready" not in said, said
    left = [process for process in carrel.processes() if process.pid not in already]
    assert not left, f"left running: {left}\n{said}"
    return refusal


async def _run(arguments: Sequence[str], environment: Mapping[str, str]) -> Refusal:
    process = await asyncio.create_subprocess_exec(
        CARREL, *arguments, env=environment, cwd="/",
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        async with asyncio.timeout(30):
            output, _ = await process.communicate()
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    assert process.returncode is not None
    return Refusal(process.returncode, output.decode())


def no_accidents(carrel: Carrel) -> None:
    """Whatever happened was foreseen: no stack trace anywhere, nothing that Carrel calls its own mistake."""
    for path in sorted((carrel.state / "logs").glob("carrel.log*")):
        for line in path.read_text(errors="replace").splitlines():
            assert '"exception"' not in line, f"{path.name}: {_readable(line)}"
            assert "Traceback" not in line, f"{path.name}: {_readable(line)}"
            assert '"code": "internal"' not in line, f"{path.name}: {line}"
    assert not any("Traceback" in line for line in carrel.lines), "\n".join(carrel.lines)


def _readable(line: str) -> str:
    with contextlib.suppress(ValueError):
        told = json.loads(line)
        return f"{told.get('event')} {told.get('loop', '')} {told.get('pool', '')}\n{told.get('exception')}"
    return line


@contextlib.contextmanager
def taken_port(port: int) -> Iterator[None]:
    """By somebody who was there first."""
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        yield


def as_nobody_special() -> Sequence[str]:
    """Words before a command that make file permissions count for it, whoever runs the tests."""
    if os.geteuid() != 0:
        return ()
    if shutil.which("setpriv") is None:
        absent("setpriv", "apt-get install util-linux")
    return WITHOUT_ROOTS_RIGHTS


@contextlib.contextmanager
def small_disk(place: Path, megabytes: int) -> Iterator[Path]:
    """A file system of its own. Only root may mount one: others are told how, and in CI it must be."""
    if os.geteuid() != 0:
        absent("A small disk", "run as root, or in a container of your own, where a tmpfs may be mounted")
    place.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0755", "carrel-test", place],
        check=False,
        capture_output=True,
        text=True,
    )
    if made.returncode != 0:
        absent("A small disk", f"allow mounting a tmpfs here ({made.stderr.strip()})")
    try:
        yield place
    finally:
        unmounted = subprocess.run(["umount", place], check=False, capture_output=True, text=True)
        if unmounted.returncode != 0:
            subprocess.run(["umount", "--lazy", place], check=True)


def remount(place: Path, option: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{option}", place], check=True)


@contextlib.contextmanager
def full(place: Path) -> Iterator[None]:
    """Not a byte left on this disk, until the end of the block."""
    filler = place / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            with contextlib.suppress(OSError):
                while file.write(b"\0" * size) == size:
                    pass
    try:
        yield
    finally:
        filler.unlink()
