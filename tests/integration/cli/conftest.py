"""The `carrel` command as people run it, and a hub that listens where it looks."""

import asyncio
import json
import os
import select
import socket
import sys
import tempfile
import termios
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog
import uvicorn
from typer.testing import CliRunner

from carrel.app.sockets import SocketServer
from carrel.cli.app import app
from carrel.domain.actor import System
from carrel.web.app import hub_app

House = Any


@dataclass(frozen=True)
class Ended:
    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Shell:
    """Runs the command with the environment that a test says."""

    home: Path
    env: dict[str, str]

    @property
    def state(self) -> Path:
        return self.home / "state"

    async def run(self, *words: str, stdin: str = "", **env: str) -> Ended:
        """In a thread of ours, which is much quicker; one at a time."""
        runner = CliRunner(env=self.env | {"CARREL_URL": None, "CARREL_TOKEN": None} | env)
        ended = await asyncio.to_thread(runner.invoke, app, words, input=stdin, catch_exceptions=False)
        return Ended(ended.exit_code, ended.stdout, ended.stderr)

    async def process(self, *words: str, stdin: str = "", **env: str) -> Ended:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "carrel", *words),
            cwd=self.home,
            env=self.env | env,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            out, err = await asyncio.wait_for(process.communicate(stdin.encode()), 60)
        finally:
            if process.returncode is None:
                process.kill()
        assert process.returncode is not None
        return Ended(process.returncode, out.decode(), err.decode())

    @asynccontextmanager
    async def on_terminal(self, *words: str, columns: int = 100, **env: str) -> AsyncIterator["Watched"]:
        """In a process of its own, with a terminal that somebody looks at."""
        ours, theirs = os.openpty()
        termios.tcsetwinsize(theirs, (30, columns))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "carrel", *words),
            cwd=self.home,
            env=self.env | {"TERM": "xterm", "LANG": "C.UTF-8"} | env,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        watched = Watched(ours, process)
        try:
            yield watched
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()
            os.close(ours)

    async def ok(self, *words: str, stdin: str = "", **env: str) -> Ended:
        ended = await self.run(*words, stdin=stdin, **env)
        assert ended.status == 0, ended.err
        return ended


@dataclass
class Watched:
    terminal: int
    process: asyncio.subprocess.Process
    seen: str = ""

    async def sees(self, text: str, within: float = 30) -> None:
        async with asyncio.timeout(within):
            while text not in self.seen:
                await self._read()

    async def ended(self, within: float = 30) -> int:
        async with asyncio.timeout(within):
            while await self._read():
                pass
            return await self.process.wait()

    async def _read(self) -> bool:
        """False once nobody can write any more."""
        await asyncio.sleep(0.02)
        if not select.select([self.terminal], [], [], 0)[0]:
            return True
        try:
            found = os.read(self.terminal, 1 << 16)
        except OSError:
            return False
        self.seen += found.decode(errors="replace").replace("\r\n", "\n")
        return bool(found)


@pytest.fixture(autouse=True)
def our_log_is_not_their_output() -> Iterator[None]:
    structlog.configure(logger_factory=structlog.stdlib.LoggerFactory())
    yield
    structlog.reset_defaults()


@pytest.fixture
def shell() -> Iterator[Shell]:
    """In a folder with a short name: a socket's path has 107 characters."""
    with tempfile.TemporaryDirectory(prefix="crl") as folder:
        home = Path(folder)
        (home / "state" / "run").mkdir(parents=True)
        env = {"PATH": os.environ["PATH"], "HOME": folder, "CARREL_STATE_DIR": str(home / "state")}
        yield Shell(home, env | {"NO_COLOR": "1"})


@pytest.fixture
async def here(house: House, shell: Shell) -> AsyncIterator[Shell]:
    """A shell beside a Carrel that runs: its owner's socket answers."""
    owners = hub_app(house.context, owner=System("owner"))
    server = SocketServer(owners, shell.state / "run" / "owner.sock")
    await server.start()
    yield shell
    await server.stop()


class _Quiet(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@pytest.fixture
async def address(house: House) -> AsyncIterator[str]:
    """A hub on the network, where a token is needed."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = _Quiet(uvicorn.Config(house.app, log_config=None, access_log=False, lifespan="off", ws="none"))
    task = asyncio.create_task(server.serve(sockets=[listening]))
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    await task
