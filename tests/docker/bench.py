"""The Docker driver under the public contract suites: a tiny app in the session's engine, and the hands a suite needs there."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.docker_engine import Engine

from carrel import mint
from carrel.domain.container import Container
from carrel.domain.ids import HomeId, InstallationId, PoolName, TemplateName, WorkspaceId
from carrel.domain.template import Template
from carrel.drivers.docker import labels
from carrel.drivers.docker.driver import open_driver
from carrel.ports.driver import Driver, DriverContext, DriverError, Spec
from carrel.testing.driver_contract import Bench, new_workspace_id

HOME = "/carrel/home"
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
TINY = ("python3", "-I", "-S", "-c", SAVES_AT_END)


def tiny(image: str, command: tuple[str, ...] = TINY) -> Template:
    return Template(
        TemplateName("tiny"),
        command,
        image=image,
        environment={"HOME": "{home}", "SECRET": "{secret}"},
        container=Container(home_path=HOME),
    )


@dataclass(slots=True)
class Docked:
    """One installation on an engine. Whoever makes one clears it."""

    engine: Engine
    state: Path
    template: Template
    options: Mapping[str, object] = field(default_factory=dict)
    installation: InstallationId = field(default_factory=lambda: InstallationId(mint.new_id()))
    backend: str = "engine"
    opened: list[Driver] = field(default_factory=list)

    @property
    def context(self) -> DriverContext:
        own = {"host": self.engine.host, "stop_grace": "1s", **self.options}
        return DriverContext(self.backend, self.installation, str(self.state), own)

    def open(self, *, installation: InstallationId | None = None) -> Driver:
        context = replace(self.context, installation=installation or self.installation)
        self.opened.append(open_driver(context))
        return self.opened[-1]

    def spec(self, template: Template | None = None, workspace_id: WorkspaceId | None = None) -> Spec:
        return Spec(
            workspace_id or new_workspace_id(),
            PoolName("desk"),
            template or self.template,
            mint.new_secret(),
        )

    def bench(self) -> Bench:
        driver = self.open()

        async def reopen() -> Driver:
            self.opened.remove(driver)
            await driver.aclose()
            return self.open()

        async def stranger() -> Driver:
            return self.open(installation=InstallationId(mint.new_id()))

        return Bench(
            driver=driver,
            make_spec=self.spec,
            reopen=reopen,
            stranger=stranger,
            crash=self.crash,
            put_file=self.put_file,
            files=self.files,
            saved_at_end=SAVED_AT_END,
            place_of_home=self.home,
        )

    async def crash(self, workspace_id: WorkspaceId) -> None:
        await self.docker("kill", labels.container(workspace_id))

    async def put_file(self, workspace_id: WorkspaceId, name: str) -> None:
        await self.inside(workspace_id, "sh", "-c", 'echo mine > "$HOME/$0"', name)

    async def files(self, workspace_id: WorkspaceId) -> set[str]:
        listed = await self.inside(workspace_id, "sh", "-c", 'ls -A "$HOME"')
        return set(listed.splitlines())

    def home(self, home_id: HomeId) -> Path:
        return self.state / "homes" / home_id

    async def inside(self, workspace_id: WorkspaceId, *command: str) -> str:
        return await self.docker("exec", labels.container(workspace_id), *command)

    async def docker(self, *arguments: str) -> str:
        done = await asyncio.to_thread(self.engine.docker, *arguments)
        return done.stdout

    def containers(self) -> list[str]:
        return self.engine.containers(f"label={labels.INSTALLATION}={self.installation}")

    def leftovers(self) -> list[str]:
        """Whatever this installation has on the engine, but for its network and homes; and what its driver noted."""
        ours = f"label={labels.INSTALLATION}={self.installation}"
        shown = self.engine.docker("volume", "ls", "--quiet", "--filter", ours).stdout.split()
        volumes = [each for each in shown if not each.startswith(labels.home_volume(HomeId("")))]
        kept = self.state / "slots" / f"docker-{self.backend}"
        noted = [
            str(each)
            for part in ("notes", "slots")
            for each in (kept / part).glob("*")
            if each.suffix != ".alive"
        ]
        return [*self.containers(), *volumes, *noted]

    async def clear(self) -> None:
        for driver in self.opened:
            with suppress(DriverError):
                listed = await driver.list()
                await asyncio.gather(*(driver.destroy(each.workspace_id) for each in listed))
            await driver.aclose()
