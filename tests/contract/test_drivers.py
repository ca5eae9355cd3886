"""Both drivers, before the public contract suite: `memory`, and `local` with a tiny real program and with a real JupyterLab."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from carrel import mint
from carrel.domain.endpoint import Endpoint
from carrel.domain.ids import InstallationId, PoolName, TemplateName, WorkspaceId
from carrel.domain.template import Template
from carrel.drivers.memory import ColdMemoryDriver, MemoryDriver, World
from carrel.drivers.registry import open_backend
from carrel.ports.driver import Driver, DriverContext, Runs, Spec
from carrel.settings.load import load
from carrel.testing.delivery_contract import DeliveryContract, RunContract
from carrel.testing.driver_contract import (
    AttachContract,
    Bench,
    DriverContract,
    LogsContract,
    RejectsContract,
    RestartContract,
    leave_nothing,
    new_workspace_id,
    shown,
)
from carrel.testing.home_contract import HomeContract
from carrel.testing.start_contract import StartsWithHomeContract

SAVED_AT_END = "saved at its end.txt"
SAVES_AT_END = f"""
import os, signal, sys, time
def end(*_):
    open(os.environ["HOME"] + "/{SAVED_AT_END}", "w").write("saved")
    sys.exit()
signal.signal(signal.SIGTERM, end)
print("up", flush=True)
time.sleep(300)
"""
TINY = (sys.executable, "-I", "-S", "-c", SAVES_AT_END)


def spec_of(template: Template) -> Spec:
    return Spec(new_workspace_id(), PoolName("desk"), template, mint.new_secret())


class InMemory:
    """A bench of the drivers in memory."""

    kind: Callable[..., Any]

    @pytest.fixture
    async def bench(self) -> Bench:
        world, installation = World(), InstallationId(mint.new_id())
        driver = self.kind(world, place=(installation, "one"), port=9)

        async def reopen() -> Driver:
            return self.kind(world, place=(installation, "one"), port=9)

        async def stranger() -> Driver:
            return self.kind(world, place=(InstallationId(mint.new_id()), "one"), port=9)

        async def crash(workspace_id: WorkspaceId) -> None:
            driver.crash(workspace_id, "It was told to end.")

        async def put_file(workspace_id: WorkspaceId, name: str) -> None:
            driver.files_of(workspace_id)[name] = b"mine"

        async def files(workspace_id: WorkspaceId) -> set[str]:
            return set(driver.files_of(workspace_id))

        async def environment(workspace_id: WorkspaceId) -> Mapping[str, str]:
            return driver.person_in(workspace_id).environment

        async def everything(workspace_id: WorkspaceId) -> str:
            found = await shown(driver, workspace_id)
            return repr(driver.person_in(workspace_id)) if found else ""

        template = Template(TemplateName("tiny"), ("tiny",))
        bench = Bench(driver, lambda: spec_of(template), reopen, stranger, crash, put_file, files)
        return replace(bench, environment=environment, everything=everything)


class TestMemory(
    InMemory, DriverContract, AttachContract, HomeContract, DeliveryContract, RestartContract, LogsContract
):
    kind = MemoryDriver


class TestColdMemory(
    InMemory, DriverContract, StartsWithHomeContract, DeliveryContract, RestartContract, LogsContract
):
    kind = ColdMemoryDriver


class Locally:
    """A bench of the `local` driver, whatever the template."""

    def __init__(self, state: Path, path: str, template: Template) -> None:
        self.state = state
        self.context = DriverContext(
            backend="local",
            installation=InstallationId(mint.new_id()),
            state_dir=str(state),
            options={"path": path, "stop_grace": "3s"},
        )
        self.template = template
        self.opened: list[Driver] = []

    def open(self, context: DriverContext) -> Driver:
        driver = open_backend("local", context)
        self.opened.append(driver)
        return driver

    def bench(self) -> Bench:
        return Bench(
            driver=self.open(self.context),
            make_spec=lambda: spec_of(self.template),
            reopen=self.reopen,
            stranger=self.stranger,
            crash=self.crash,
            put_file=self.put_file,
            files=self.files,
            saved_at_end=SAVED_AT_END,
            place_of_home=lambda home_id: self.state / "homes" / home_id,
            environment=self.environment,
            everything=self.everything,
        )

    async def reopen(self) -> Driver:
        return self.open(self.context)

    async def stranger(self) -> Driver:
        return self.open(replace(self.context, installation=InstallationId(mint.new_id())))

    async def crash(self, workspace_id: WorkspaceId) -> None:
        note = json.loads((self.state / "slots" / workspace_id / "process.json").read_text())
        os.kill(note["pid"], signal.SIGKILL)

    async def put_file(self, workspace_id: WorkspaceId, name: str) -> None:
        (self.state / "slots" / workspace_id / "home" / name).write_text("mine")

    async def files(self, workspace_id: WorkspaceId) -> set[str]:
        home = self.state / "slots" / workspace_id / "home"
        return {path.name for path in home.iterdir()} if home.exists() else set()

    async def environment(self, workspace_id: WorkspaceId) -> Mapping[str, str]:
        driver = self.opened[0]
        assert isinstance(driver, Runs)
        pairs = (await driver.run(workspace_id, ["env", "-0"], seconds=30)).output.split("\0")
        return {name: value for name, _, value in (pair.partition("=") for pair in pairs if pair)}

    async def everything(self, workspace_id: WorkspaceId) -> str:
        """Through no link: a home is not its slot's."""
        slot = self.state / "slots" / workspace_id
        files = [path for path in slot.rglob("*") if path.is_file() and not path.is_symlink()]
        mark = f"CARREL_WORKSPACE={workspace_id}".encode()
        running = [environ for environ in _environments() if mark in environ]
        return "\n".join(
            [
                *(path.read_text(errors="replace") for path in files),
                *(each.decode(errors="replace") for each in running),
            ]
        )

    async def end(self) -> None:
        await leave_nothing(self.opened[0])
        for driver in self.opened[1:]:
            await driver.aclose()


def _environments() -> Iterator[bytes]:
    for process in Path("/proc").iterdir():
        with suppress(OSError):
            yield (process / "environ").read_bytes() if process.name.isdigit() else b""


class TestLocal(
    DriverContract,
    AttachContract,
    HomeContract,
    DeliveryContract,
    RunContract,
    RestartContract,
    LogsContract,
    RejectsContract,
):
    @pytest.fixture
    async def bench(self, tmp_path: Path) -> AsyncIterator[Bench]:
        template = Template(TemplateName("tiny"), TINY, environment={"SECRET": "{secret}", "HOME": "{home}"})
        place = Locally(tmp_path / "state", "/usr/bin:/bin", template)
        yield place.bench()
        await place.end()

    @pytest.fixture
    def impossible(self) -> Spec:
        return spec_of(Template(TemplateName("tiny"), ("no-such-program",)))


@pytest.mark.jupyterlab
class TestLocalWithJupyterLab:
    """Files are seen and written through the app's own API: what the link shows us proves nothing about what the app sees. Two of the tests
    are enough for that; each starts labs of its own.
    """

    @pytest.fixture
    async def bench(self, tmp_path: Path, jupyterlab: Path) -> AsyncIterator[Bench]:
        place = Locally(tmp_path / "state", f"{jupyterlab}:/usr/bin:/bin", builtin_jupyterlab())
        bench = place.bench()
        secrets: dict[WorkspaceId, str] = {}

        def make_spec() -> Spec:
            spec = spec_of(place.template)
            secrets[spec.workspace_id] = spec.secret
            return spec

        @asynccontextmanager
        async def app_of(workspace_id: WorkspaceId) -> AsyncIterator[httpx.AsyncClient]:
            instance = await shown(bench.driver, workspace_id)
            assert instance is not None
            assert instance.endpoint is not None
            async with answering(instance.endpoint, workspace_id, secrets[workspace_id]) as app:
                yield app

        async def put_file(workspace_id: WorkspaceId, name: str) -> None:
            async with app_of(workspace_id) as app:
                answer = await app.put(
                    f"api/contents/{name}", json={"type": "file", "format": "text", "content": "mine"}
                )
                assert answer.status_code == 201, answer.text

        async def files(workspace_id: WorkspaceId) -> set[str]:
            async with app_of(workspace_id) as app:
                return {each["name"] for each in (await app.get("api/contents")).json()["content"]}

        yield replace(bench, make_spec=make_spec, put_file=put_file, files=files)
        await place.end()

    test_a_home_comes_into_a_running_instance_with_its_files = (
        AttachContract.test_a_home_comes_into_a_running_instance_with_its_files
    )
    test_what_was_saved_is_in_the_next_one_once_it_was_taken_out = (
        HomeContract.test_what_was_saved_is_in_the_next_one_once_it_was_taken_out
    )


@asynccontextmanager
async def answering(
    endpoint: Endpoint, workspace_id: WorkspaceId, secret: str
) -> AsyncIterator[httpx.AsyncClient]:
    address = f"http://{endpoint.host}:{endpoint.port}/w/{workspace_id}/"
    headers = {"Authorization": f"token {secret}"}
    async with httpx.AsyncClient(base_url=address, headers=headers, timeout=20) as app:
        async with asyncio.timeout(60):
            while not await _answers(app):
                await asyncio.sleep(0.05)
        yield app


async def _answers(app: httpx.AsyncClient) -> bool:
    try:
        return (await app.get("api/status")).is_success
    except httpx.HTTPError:
        return False


def builtin_jupyterlab() -> Template:
    return load(None, {}, {"HOME": "/nowhere"}).templates["jupyterlab"].to_domain("jupyterlab")
