"""A real `carrel up` in a process of its own: real Envoy, real files, real signals. What a person who read the README has."""

import asyncio
import contextlib
import os
import re
import secrets
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

REPOSITORY = Path(__file__).parents[2]
LAB_BIN = Path(os.environ.get("CARREL_LAB_BIN", REPOSITORY / ".lab" / "bin"))
CARREL = Path(sys.executable).with_name("carrel")

SMALL_APP = """
[templates.small]
title = "Small app"
command = ["{python}", "-I", "-S", "{app}", "{{host}}", "{{port}}", "{{base_path}}"]
open = "hello"
ready = "ready"
authorization = "token {{secret}}"
environment = {{ HOME = "{{home}}", SECRET = "{{secret}}" }}
"""


def free_ports(count: int) -> list[int]:
    """Below the kernel's own range, so that no outgoing connection takes one meanwhile."""
    found: list[int] = []
    while len(found) < count:
        port = 30000 + secrets.randbelow(2500)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            if port not in found:
                found.append(port)
    return found


def small_config(pools: str) -> str:
    """A carrel.toml with a quick little app in place of JupyterLab; `pools` are its TOML tables."""
    template = SMALL_APP.format(python=sys.executable, app=Path(__file__).with_name("small_app.py"))
    return template + "\n[pools.jupyterlab]\nwarm = 0\n" + pools


async def eventually(what: str, holds: Any, within: float = 30.0, *, every: float = 0.05) -> Any:
    """The first true answer of `holds`, asked again and again, and more rarely the longer it takes: a question is work for all of
    Carrel. It may be async, and may raise while things settle.
    """
    deadline, pause = time.monotonic() + within, every
    last: BaseException | None = None
    while time.monotonic() < deadline:
        try:
            answer = holds()
            if asyncio.iscoroutine(answer):
                answer = await answer
            if answer:
                return answer
            last = None
        except (httpx.HTTPError, OSError, AssertionError, KeyError) as error:
            last = error
        await asyncio.sleep(pause)
        pause = min(pause * 1.15, every * 6)
    raise AssertionError(f"not within {within:.0f} s: {what}") from last


@dataclass(slots=True)
class Carrel:
    state: Path
    port: int
    workspaces_port: int
    config: Path | None = None
    token: str = field(default_factory=lambda: "crl_" + secrets.token_hex(20))
    environment: dict[str, str] = field(default_factory=dict)
    process: asyncio.subprocess.Process | None = None
    lines: list[str] = field(default_factory=list)

    # -- its life ------------------------------------------------------------------------------------------------------

    async def start(self, *more: str, within: float = 60.0) -> None:
        await self.launch(*more)
        try:
            await self.line_with("Sign in as admin", within)
        except BaseException:
            await self.kill_all()
            raise

    async def launch(self, *more: str) -> None:
        arguments = ["up", "--port", str(self.port), "--workspaces-port", str(self.workspaces_port)]
        arguments += ["--state-dir", str(self.state), "--no-open", *more]
        if self.config is not None:
            arguments += ["--config", str(self.config)]
        self.lines.clear()
        environment = {
            "PATH": f"{LAB_BIN}:{os.environ['PATH']}",
            "HOME": os.environ.get("HOME", "/"),
            "CARREL_BOOTSTRAP_TOKEN": self.token,
            **self.environment,
        }
        self.process = await asyncio.create_subprocess_exec(
            CARREL, *arguments, env=environment, cwd=self.state.parent,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip

    async def line_with(self, text: str, within: float = 60.0) -> str:
        assert self.process is not None
        assert self.process.stdout is not None
        try:
            async with asyncio.timeout(within):
                while line := (await self.process.stdout.readline()).decode():
                    self.lines.append(line.rstrip())
                    if text in line:
                        return line.rstrip()
        except TimeoutError:
            pass
        raise AssertionError(
            f"no line with {text!r}; it said:\n" + "\n".join(self.lines) + "\n" + self.log_tail()
        )

    async def ended(self, within: float = 30.0) -> int:
        """Its exit status, and all it printed in `lines`."""
        assert self.process is not None
        assert self.process.stdout is not None
        async with asyncio.timeout(within):
            rest = await self.process.stdout.read()
            self.lines += rest.decode().splitlines()
            return await self.process.wait()

    async def signal(self, number: signal.Signals, within: float = 30.0) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return await self.ended(within)

    async def kill_all(self) -> None:
        """Whatever of it still runs, found by the state directory in its arguments or environment, as Ctrl-C would have ended it."""
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(signal.SIGINT)
            with contextlib.suppress(TimeoutError):
                await self.ended(20)
        for process in self.processes():
            with contextlib.suppress(psutil.Error):
                process.kill()
        if self.process is not None and self.process.returncode is None:
            await self.process.wait()

    def processes(self) -> list[psutil.Process]:
        """Everything that names the state directory in its arguments, environment or working directory."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.pid == os.getpid() or process.status() == psutil.STATUS_ZOMBIE:
                    continue
                said = [*process.cmdline(), *process.environ().values(), process.cwd()]
                if any(str(self.state) in text for text in said):
                    found.append(process)
        return found

    def envoy_pid(self) -> int:
        return int((self.state / "run" / "envoy.pid").read_text())

    def log_tail(self) -> str:
        path = self.state / "logs" / "carrel.log"
        return "\n".join(path.read_text().splitlines()[-20:]) if path.exists() else ""

    # -- asking it -----------------------------------------------------------------------------------------------------

    @property
    def hub(self) -> str:
        return f"http://localhost:{self.port}/hub/"

    @property
    def link(self) -> str:
        return next(
            found.group() for line in self.lines if (found := re.search(r"http\S+/sign-in\?link=\S+", line))
        )

    def api(self, token: str | None = None) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=f"{self.hub}api/v1",
            headers={"Authorization": f"Bearer {token or self.token}"},
            timeout=20,
            transport=_Local(),
        )

    def browserless(self) -> httpx.AsyncClient:
        """A client that finds every `*.localhost` on this machine, as browsers do, and keeps cookies."""
        return httpx.AsyncClient(timeout=20, transport=_Local())

    async def person(self, name: str) -> "PersonWithToken":
        async with self.api() as api:
            user = _told(
                await api.post("/users", json={"name": name, "password": f"the password of {name}"}), 201
            )
            made = _told(
                await api.post("/tokens", json={"label": "tests", "scopes": ["use"], "user": user["id"]}),
                201,
            )
        return PersonWithToken(name, user["id"], made["secret"])

    async def pool(self, name: str) -> dict[str, Any]:
        async with self.api() as api:
            return _told(await api.get(f"/pools/{name}"), 200)

    async def warm(self, name: str, count: int, within: float = 60.0) -> None:
        async def is_warm() -> bool:
            return bool((await self.pool(name))["counts"]["ready"] >= count)

        await eventually(f"{count} warm in {name}", is_warm, within)

    async def claim(
        self, pool: str, token: str | None = None, expect: Iterable[int] = (201,)
    ) -> dict[str, Any]:
        async with self.api(token) as api:
            answer = await api.post("/claims", json={"pool": pool})
            assert answer.status_code in tuple(expect), answer.text
            return dict(answer.json())


@dataclass(frozen=True, slots=True)
class PersonWithToken:
    name: str
    id: str
    token: str

    @property
    def password(self) -> str:
        return f"the password of {self.name}"


CERTIFICATES = httpx.create_ssl_context()
"""Read once: that takes longer than most requests do."""


class _Local(httpx.AsyncHTTPTransport):
    """Every `*.localhost` is 127.0.0.1, whatever the machine's resolver says; the Host header stays."""

    def __init__(self) -> None:
        super().__init__(verify=CERTIFICATES)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.host.endswith("localhost"):
            request.url = request.url.copy_with(host="127.0.0.1")
        return await super().handle_async_request(request)


def _told(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, f"{answer.status_code}: {answer.text}"
    return dict(answer.json())


@contextlib.asynccontextmanager
async def running(tmp_path: Path, config: str | None = None, *more: str) -> AsyncIterator[Carrel]:
    """Started, and ended with all it began, whatever the test does to it."""
    carrel = prepared(tmp_path, config)
    await carrel.start(*more)
    try:
        yield carrel
    finally:
        await carrel.kill_all()


def prepared(tmp_path: Path, config: str | None = None) -> Carrel:
    port, workspaces_port = free_ports(2)
    carrel = Carrel(tmp_path / "S", port, workspaces_port)
    if config is not None:
        carrel.config = tmp_path / "carrel.toml"
        carrel.config.write_text(config)
    return carrel
