"""One Envoy, its run directory, a stand-in control plane and apps behind it."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from carrel import mint
from carrel.clock import SystemClock
from carrel.dataplane.bootstrap import BootstrapOptions, Limits
from carrel.dataplane.envoy import Envoy, EnvoyOptions
from carrel.dataplane.files import EnvoyFiles, prepare_run_dir
from carrel.dataplane.keys import verifying_key
from carrel.domain.address import Addresses
from carrel.domain.endpoint import Endpoint
from carrel.domain.ids import WorkspaceId
from carrel.domain.route import Route

from .control import Control, Signer
from .raw import App, Connection, Message, ask, connected, request


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


async def until(holds: Callable[[], Awaitable[bool]], *, within: float = 30, every: float = 0.01) -> None:
    async with asyncio.timeout(within):
        while not await holds():
            await asyncio.sleep(every)


@dataclass
class Workspace:
    id: str
    app: App
    port: int
    secret: str
    strip: bool = False

    @property
    def door(self) -> str:
        return f"/w/{self.id}/"

    @property
    def route(self) -> Route:
        place = Endpoint("127.0.0.1", self.port)
        return Route(WorkspaceId(self.id), place, f"token {self.secret}", strip=self.strip)


@dataclass
class Rig:
    run: Path
    options: EnvoyOptions
    envoy: Envoy
    files: EnvoyFiles
    signer: Signer
    control: Control = field(default_factory=Control)
    workspaces: list[Workspace] = field(default_factory=list)

    @property
    def port(self) -> int:
        return self.options.bootstrap.port

    @property
    def workspaces_port(self) -> int:
        return self.options.bootstrap.workspaces_port

    # -- behind Envoy

    async def workspace(self, *, strip: bool = False) -> Workspace:
        """A new one with an app of its own, in the table and answering."""
        workspace = await self.add()
        workspace.strip = strip
        await self.publish()
        await until(lambda: self._reaches(workspace))
        workspace.app.seen.clear()
        return workspace

    async def add(self) -> Workspace:
        workspace_id = mint.new_id()
        app = App(f"app of {workspace_id}")
        workspace = Workspace(workspace_id, app, await app.listen(), mint.new_secret())
        self.workspaces.append(workspace)
        return workspace

    async def publish(self) -> None:
        await self.files.publish([workspace.route for workspace in self.workspaces])

    async def _reaches(self, workspace: Workspace) -> bool:
        return (await self.enter(workspace)).status == 200

    # -- in front of Envoy

    def host(self, workspace: Workspace) -> str:
        return f"{workspace.id}.localhost:{self.workspaces_port}"

    def origin(self, workspace: Workspace) -> str:
        return f"http://{self.host(workspace)}"

    def said(
        self,
        workspace: Workspace,
        path: str = "",
        *,
        method: str = "GET",
        headers: Iterable[tuple[str, str]] = (),
        cookies: dict[str, str] | None = None,
        host: str | None = None,
        body: bytes = b"",
    ) -> bytes:
        """With the ticket of `workspace` unless `cookies` says otherwise; `path` is below its door unless it begins with a slash."""
        if cookies is None:
            cookies = {"carrel-ticket": self.signer.ticket(workspace.id)}
        jar = [("cookie", "; ".join(f"{name}={value}" for name, value in cookies.items()))] if cookies else []
        target = path if path.startswith("/") else workspace.door + path
        return request(
            method, target, [("host", self.host(workspace) if host is None else host), *jar, *headers], body
        )

    async def enter(
        self, workspace: Workspace, path: str = "", *, within: float = 20, **said: Any
    ) -> Message:
        return await ask(
            self.workspaces_port,
            self.said(workspace, path, **said),
            within=within,
            head_only=said.get("method") == "HEAD",
        )

    async def hub(
        self,
        target: str = "/hub/",
        *,
        method: str = "GET",
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
        host: str | None = None,
    ) -> Message:
        named = [("host", f"localhost:{self.port}" if host is None else host), *headers]
        return await ask(self.port, request(method, target, named, body))

    @asynccontextmanager
    async def stream(
        self, workspace: Workspace, path: str = "socket", **said: Any
    ) -> AsyncIterator[Connection]:
        """An opened WebSocket (its bytes are opaque to Envoy)."""
        async with connected(self.workspaces_port) as connection:
            answer = await self.upgrade(connection, workspace, path, **said)
            assert answer is not None
            assert answer.status == 101, answer
            yield connection

    async def upgrade(
        self, connection: Connection, workspace: Workspace, path: str = "socket", **said: Any
    ) -> Message | None:
        upgrading = [
            ("upgrade", "websocket"),
            ("connection", "Upgrade"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ]
        headers = [*upgrading, *said.pop("headers", ())]
        await connection.say(self.said(workspace, path, headers=headers, **said))
        return await connection.answer(within=20)

    async def stop(self) -> None:
        await self.envoy.stop()
        await self.control.stop()
        for workspace in self.workspaces:
            await workspace.app.stop()


def envoy_options(root: Path, **changes: Any) -> EnvoyOptions:
    port, workspaces_port = free_port(), free_port()
    bootstrap = BootstrapOptions(
        run_dir=root / "run",
        addresses=Addresses(f"http://localhost:{port}", "http", "localhost", workspaces_port),
        port=port,
        workspaces_port=workspaces_port,
        header_seconds=2,
        report_seconds=1,
        limits=Limits(connections=8000),
    )
    return EnvoyOptions(bootstrap=replace(bootstrap, **changes), log=root / "logs" / "envoy.log", workers=2)


async def prepare(options: EnvoyOptions) -> tuple[EnvoyFiles, Signer]:
    run = options.bootstrap.run_dir
    prepare_run_dir(run)
    signer = Signer(*mint.new_signing_key())
    files = EnvoyFiles(run, SystemClock())
    await files.publish([])
    await files.withdraw([])
    await files.trust([verifying_key(signer.kid, signer.pem)])
    return files, signer


@asynccontextmanager
async def started(root: Path, *, control: bool = True, **changes: Any) -> AsyncIterator[Rig]:
    options = envoy_options(root, **changes)
    files, signer = await prepare(options)
    rig = Rig(options.bootstrap.run_dir, options, Envoy(options, SystemClock()), files, signer)
    try:
        if control:
            await rig.control.listen(rig.run)
        await rig.envoy.start()
        yield rig
    finally:
        with contextlib.suppress(ProcessLookupError):
            await rig.stop()
