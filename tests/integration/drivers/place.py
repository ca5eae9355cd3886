"""A `local` driver in a state directory of its own, and quick ways to run small programs under it."""

import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path

from carrel import mint
from carrel.domain.ids import InstallationId, PoolName, TemplateName, WorkspaceId
from carrel.domain.template import HomeKind, Template
from carrel.drivers.local.driver import LocalDriver, open_driver
from carrel.drivers.local.launch import Owner
from carrel.drivers.local.processes import Member, census
from carrel.ports.driver import DriverContext, InstanceState, Spec
from carrel.testing.driver_contract import new_workspace_id, until

Eventually = Callable[[Callable[[], object]], Awaitable[None]]
"""Waits until something holds."""


class Local:
    def __init__(self, state: Path) -> None:
        self.state = state
        self.installation = InstallationId(mint.new_id())
        self.owner = Owner(self.installation, "local")
        self.opened: list[LocalDriver] = []

    def open(self, **options: object) -> LocalDriver:
        context = DriverContext(
            "local", self.installation, str(self.state), {"stop_grace": "200ms"} | options
        )
        driver = open_driver(context)
        assert isinstance(driver, LocalDriver)
        self.opened.append(driver)
        return driver

    def spec(
        self,
        program: str,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        files: Mapping[str, str] | None = None,
        home: HomeKind = HomeKind.PERSISTENT,
    ) -> Spec:
        """Of a Python program given as text."""
        workspace_id = new_workspace_id()
        script = self.state.parent / f"{workspace_id}.py"
        script.write_text(program)
        command = (sys.executable, "-I", "-S", str(script), *arguments)
        template = Template(
            TemplateName("tiny"), command, environment=environment or {}, files=files or {}, home=home
        )
        return Spec(workspace_id, PoolName("desk"), template, mint.new_secret())

    async def start(self, driver: LocalDriver, spec: Spec) -> WorkspaceId:
        await driver.create(spec)
        await until(driver, spec.workspace_id, InstanceState.RUNNING)
        return spec.workspace_id

    def slot(self, workspace_id: WorkspaceId) -> Path:
        return self.state / "slots" / workspace_id

    def members(self, workspace_id: WorkspaceId) -> list[Member]:
        return [member for member in census(self.owner) if member.tag.workspace_id == workspace_id]


def fill(path: Path) -> None:
    """Until the disk takes no more."""
    with path.open("wb", buffering=0) as filler, suppress(OSError):
        while filler.write(bytes(4096)):
            continue
