"""Kills a control plane with SIGKILL before each single thing it changes, on the engine or on the disk. Run as a program of its own.

Arguments: what to do as JSON (`Case`), then the verb. Writes a line for each victim: its workspace and the home it was to have; the first
one came through. How many steps there are is counted first, so that a step added later is tried without anybody thinking of it.
"""

import asyncio
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from carrel.domain.container import Container
from carrel.domain.ids import HomeId, InstallationId, PoolName, TemplateName, WorkspaceId
from carrel.domain.template import Template
from carrel.drivers.docker.driver import open_driver
from carrel.drivers.docker.engine import Engine
from carrel.drivers.docker.variants import MountedDriver
from carrel.ports.driver import DriverContext, InstanceState, Spec
from carrel.testing.driver_contract import new_home_id, new_workspace_id, until

AT_ONCE = 4
CHANGES = {"os.rename", "os.symlink", "os.remove", "os.rmdir"}
"""What makes a difference for whoever comes after; not every byte and directory on the way there."""


class Case(NamedTuple):
    state: str
    installation: InstallationId
    host: str
    image: str
    command: tuple[str, ...]

    @property
    def context(self) -> DriverContext:
        return DriverContext(
            "engine",
            self.installation,
            self.state,
            {"host": self.host, "homes": "mounted", "stop_grace": "1s"},
        )

    def spec(self, workspace_id: WorkspaceId) -> Spec:
        """The same each time it is asked for, as from a store."""
        home = {"HOME": "{home}"}
        template = Template(
            TemplateName("tiny"), self.command, image=self.image, environment=home, container=Container()
        )
        return Spec(workspace_id, PoolName("desk"), template, "secret")


class Countdown:
    """Counts what changes anything below the state directory or on the engine, and kills before a given one."""

    def __init__(self, state: str, deadly: int | None) -> None:
        self.steps = 0
        self._state = state
        self._deadly = deadly

    def step(self) -> None:
        if self.steps == self._deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        self.steps += 1

    def begin(self) -> None:
        call = Engine.call

        async def counted(engine: Engine, method: str, path: str, **how: Any) -> Any:
            if method != "GET":
                self.step()
            return await call(engine, method, path, **how)

        Engine.call = counted  # type: ignore[method-assign]
        sys.addaudithook(self.audit)

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        """What is no path (a descriptor) is counted, as it may be one."""
        writes = (
            event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        )
        if (writes or event in CHANGES) and self._is_ours(arguments[0]):
            self.step()

    def _is_ours(self, place: Any) -> bool:
        return not isinstance(place, str | bytes | Path) or os.fsdecode(place).startswith(self._state)


async def prepare(case: Case, driver: MountedDriver, spec: Spec, home_id: HomeId, verb: str) -> None:
    """What stands before the verb begins."""
    if verb == "create":
        return
    await driver.create(spec)
    await until(driver, spec.workspace_id, InstanceState.RUNNING)
    if verb != "attach":
        await driver.attach(spec.workspace_id, home_id)
        place = Path(case.state, "homes", home_id)
        (place / "mine.txt").write_text("mine")


async def act(case: Case, verb: str, spec: Spec, home_id: HomeId, countdown: Countdown) -> None:
    driver = open_driver(case.context)
    assert isinstance(driver, MountedDriver)
    await prepare(case, driver, spec, home_id, verb)
    countdown.begin()
    workspace_id = spec.workspace_id
    match verb:
        case "create":
            await driver.create(spec)
            await until(driver, workspace_id, InstanceState.RUNNING)
        case "attach":
            await driver.attach(workspace_id, home_id)
        case "detach":
            await driver.detach(workspace_id)
        case "destroy":
            await driver.destroy(workspace_id)


class Victim(NamedTuple):
    workspace_id: WorkspaceId
    home_id: HomeId


def fork(case: Case, verb: str, victim: Victim, deadly: int | None) -> int:
    child = os.fork()
    if child:
        return child
    try:
        countdown = Countdown(case.state, deadly)
        asyncio.run(act(case, verb, case.spec(victim.workspace_id), victim.home_id, countdown))
        if deadly is None:
            Path(case.state, "steps").write_text(str(countdown.steps))
        os._exit(0)
    except BaseException:  # noqa: BLE001 - nothing of a fork may go on as its parent would
        traceback.print_exc()
        os._exit(1)


def ended(child: int) -> int:
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def victims(case: Case, verb: str, say: Callable[[Victim], None]) -> Iterator[tuple[int, int]]:
    """Each step, and how it went. Several at once: each is another workspace."""
    whole = Victim(new_workspace_id(), new_home_id())
    say(whole)
    yield -1, ended(fork(case, verb, whole, None))
    steps = int(Path(case.state, "steps").read_text())
    for first in range(0, steps, AT_ONCE):
        going = []
        for step in range(first, min(first + AT_ONCE, steps)):
            victim = Victim(new_workspace_id(), new_home_id())
            say(victim)
            going.append((step, fork(case, verb, victim, step)))
        yield from ((step, ended(child)) for step, child in going)


def main() -> None:
    given, verb = json.loads(sys.argv[1]), sys.argv[2]
    case = Case(**{**given, "command": tuple(given["command"])})

    told = Path(case.state, "victims")

    def say(victim: Victim) -> None:
        with told.open("a") as file:
            file.write(f"{victim.workspace_id} {victim.home_id}\n")

    for step, status in victims(case, verb, say):
        expected = (0,) if step < 0 else (0, -signal.SIGKILL)
        if status not in expected:
            raise SystemExit(f"step {step} of {verb}: {status}")


if __name__ == "__main__":
    main()
