"""Kills a control plane with SIGKILL before each single thing it does to files, processes and signals. Run as a program of its own.

Arguments: state directory, installation, verb, script of the app. Prints one line per kill, and one for the
last try, which came through: how many steps were done, the workspace, its home.
Python's audit events tell the steps, so that a step added later is tried without anybody thinking of it.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from carrel.domain.ids import HomeId, InstallationId, PoolName, TemplateName
from carrel.domain.template import Template
from carrel.drivers.local import ending
from carrel.drivers.local.driver import LocalDriver, open_driver
from carrel.drivers.local.processes import Process
from carrel.ports.driver import DriverContext, InstanceState, Spec
from carrel.testing.driver_contract import new_home_id, new_workspace_id, until

STEPS = {"os.mkdir", "os.rename", "os.symlink", "os.remove", "os.rmdir", "os.chmod", "os.posix_spawn"}
MOST_STEPS = 200


class Countdown:
    def __init__(self, steps: int) -> None:
        self._left = steps

    def step(self) -> None:
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self._left -= 1

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        writes = (
            event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        )
        if writes or event in STEPS:
            self.step()

    def begin(self) -> None:
        send: Callable[[Process, signal.Signals], None] = ending.send

        def counted(process: Process, number: signal.Signals) -> None:
            self.step()
            send(process, number)

        ending.send = counted
        sys.addaudithook(self.audit)


class Case(NamedTuple):
    state: str
    installation: InstallationId
    verb: str
    spec: Spec
    home_id: HomeId


async def prepare(case: Case, driver: LocalDriver) -> None:
    """What stands before the verb begins."""
    workspace_id = case.spec.workspace_id
    if case.verb != "create":
        await driver.create(case.spec)
        await until(driver, workspace_id, InstanceState.RUNNING)
    if case.verb in ("destroy", "restart", "detach", "remove-home"):
        await driver.attach(workspace_id, case.home_id)
        for inside in ("home", "blank"):
            Path(case.state, "slots", workspace_id, inside, "mine.txt").write_text("mine")
    if case.verb == "remove-home":
        await driver.destroy(workspace_id)


async def act(case: Case, countdown: Countdown) -> None:
    context = DriverContext("local", case.installation, case.state, {"stop_grace": "200ms"})
    driver = open_driver(context)
    assert isinstance(driver, LocalDriver)
    await prepare(case, driver)
    countdown.begin()
    workspace_id = case.spec.workspace_id
    match case.verb:
        case "create":
            await driver.create(case.spec)
        case "attach":
            await driver.attach(workspace_id, case.home_id)
        case "restart":
            await driver.restart(case.spec)
        case "detach":
            await driver.detach(workspace_id)
        case "destroy":
            await driver.destroy(workspace_id)
        case "remove-home":
            await driver.remove_home(case.home_id)


def killed_after(steps: int, case: Case) -> bool:
    child = os.fork()
    if child == 0:
        try:
            asyncio.run(act(case, Countdown(steps)))
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def main() -> None:
    state, installation, verb, script = sys.argv[1:]
    command = (sys.executable, "-I", "-S", script)
    template = Template(TemplateName("tiny"), command, files={"etc/page.json": "{}"})
    for steps in range(MOST_STEPS):
        spec = Spec(new_workspace_id(), PoolName("desk"), template, "secret")
        case = Case(state, InstallationId(installation), verb, spec, new_home_id())
        killed = killed_after(steps, case)
        sys.stdout.write(f"{steps} {spec.workspace_id} {case.home_id}\n")
        if not killed:
            return


if __name__ == "__main__":
    main()
