"""Kills whoever mounts homes with SIGKILL before each single thing they change: a file, a directory, a mount. Run as a program of its own.

Arguments: the state directory, the verb. Prints a line for each victim: its workspace and its home; the first one came through.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from carrel.domain.ids import HomeId, WorkspaceId
from carrel.drivers.docker.homes import kernel
from carrel.drivers.docker.homes.mounts import FileOwner, SlotPlan
from carrel.drivers.docker.homes.own_mounts import OwnMounts
from carrel.testing.driver_contract import new_home_id, new_workspace_id

AT_ONCE = 4
CHANGES = {"os.mkdir", "os.rename", "os.symlink", "os.remove", "os.rmdir", "os.chown"}
OWNER = FileOwner(1000, 1000)


async def no_volume(name: str) -> Path:
    raise AssertionError(name)


def opened(state: Path) -> OwnMounts:
    return OwnMounts(state / "slots", state / "homes", no_volume)


def plan(state: Path) -> SlotPlan:
    return SlotPlan(OWNER, takes_home=True, folders={"data/course": str(state / "course")})


class Countdown:
    def __init__(self, deadly: int | None) -> None:
        self.steps = 0
        self._deadly = deadly

    def step(self) -> None:
        if self.steps == self._deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        self.steps += 1

    def begin(self) -> None:
        checked: Callable[[int, str], int] = kernel._checked

        def counted(result: int, what: str) -> int:
            """After each call of the kernel's."""
            self.step()
            return checked(result, what)

        kernel._checked = counted
        sys.addaudithook(self.audit)

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        flags = arguments[2] if event == "open" else 0
        if event in CHANGES or (isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR)):
            self.step()


async def act(state: Path, verb: str, victim: tuple[WorkspaceId, HomeId], countdown: Countdown) -> None:
    """What stands before the verb begins is made first."""
    mounts, (workspace_id, home_id) = opened(state), victim
    if verb == "make":
        countdown.begin()
    await mounts.make_slot(workspace_id, plan(state))
    if verb == "attach":
        countdown.begin()
    if verb != "make":
        await mounts.bring_in(workspace_id, home_id)
    if verb in ("detach", "remove"):
        slot = state / "slots" / workspace_id
        (slot / "home" / "mine.txt").write_text("mine")
        countdown.begin()
        await (mounts.take_out if verb == "detach" else mounts.remove_slot)(workspace_id)
    await mounts.aclose()


def tried(state: Path, verb: str, deadly: int | None) -> int:
    victim = (new_workspace_id(), new_home_id())
    sys.stdout.write(f"{victim[0]} {victim[1]}\n")
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        countdown = Countdown(deadly)
        asyncio.run(act(state, verb, victim, countdown))
        if deadly is None:
            (state / "steps").write_text(str(countdown.steps))
        status = 0
    finally:
        os._exit(status)


def ended(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main() -> None:
    state, verb = Path(sys.argv[1]), sys.argv[2]
    assert ended(tried(state, verb, None)) == 0
    steps = int((state / "steps").read_text())
    for first in range(0, steps, AT_ONCE):
        going = [tried(state, verb, step) for step in range(first, min(first + AT_ONCE, steps))]
        assert {ended(child) for child in going} <= {0, -signal.SIGKILL}


if __name__ == "__main__":
    main()
