"""The way of a home with real processes and real directories: the whole control plane is killed at each step of it."""

import asyncio
import hashlib
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from carrel.domain.actor import Person
from carrel.domain.home import Home
from carrel.domain.ids import InstallationId, TemplateName, WorkspaceId
from carrel.domain.template import Template
from carrel.domain.workspace import Workspace
from carrel.drivers.local.driver import LocalDriver, open_driver
from carrel.ports.driver import DriverContext
from carrel.rules.recipe import versioned
from carrel.services import claims as service
from carrel.store import homes, workspaces
from carrel.testing.driver_contract import leave_nothing

from .rig import Fuse, HandClock, Killed, Rig, a_pool, rig

APP = """
import os, signal, sys, time
def end(*_):
    with open(os.environ["HOME"] + "/notebook", "a") as notebook:
        notebook.write("saved at its end\\n")
    sys.exit()
signal.signal(signal.SIGTERM, end)
print("up", flush=True)
time.sleep(300)
"""
TEMPLATE = versioned(
    Template(TemplateName("lab"), (sys.executable, "-I", "-S", "-c", APP), environment={"HOME": "{home}"})
)
POOL = a_pool(warm=1, limit=4)
MOST_STEPS = 60


class Vouching(LocalDriver):
    """Its app has no port to ask at."""

    async def vouches(self, workspace_id: WorkspaceId) -> bool:
        return "up" in await self.logs(workspace_id, 1)


def opened(path: Path) -> LocalDriver:
    """Of an installation of its own, for processes are found by that, wherever their directories are."""
    installation = InstallationId("i" + hashlib.sha256(str(path).encode()).hexdigest()[:15])
    driver = open_driver(DriverContext("memory", installation, str(path / "state"), {"stop_grace": "5s"}))
    assert isinstance(driver, LocalDriver)
    driver.__class__ = Vouching
    return driver


@asynccontextmanager
async def life(path: Path, fuse: Fuse | None = None, clock: HandClock | None = None) -> AsyncIterator[Rig]:
    path.mkdir(exist_ok=True)
    made = await rig(path, POOL, fuse=fuse, clock=clock, template=TEMPLATE, driver=opened(path))
    try:
        yield made
    finally:
        await made.driver.aclose()
        await made.aclose()


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Path]:
    yield tmp_path
    for path in tmp_path.iterdir():
        await leave_nothing(opened(path))


async def look(made: Rig) -> None:
    """The hand clock goes on by a second, the real one by as long as processes need."""
    await made.loop.pass_once()
    await made.loop.settled()
    made.clock.time += timedelta(seconds=1)
    await asyncio.sleep(0.02)


async def fill(made: Rig) -> set[WorkspaceId]:
    """Until as many are warm as the pool wants; which those are."""
    async with asyncio.timeout(30):
        while not (warm := {row.id for row in await rows_of(made) if row.is_warm}):
            await look(made)
    return warm


async def rows_of(made: Rig) -> list[Workspace]:
    return await made.store.read(workspaces.of_pool, POOL.name)


async def comes(made: Rig, person: Person) -> WorkspaceId:
    """Asks, and waits until they may go in."""
    asked = await service.claim(made.context, person, pool="lab")
    async with asyncio.timeout(30):
        while True:
            row = await made.store.read(workspaces.of_claim, asked.claim.id)
            if row is not None and row.attached_at is not None:
                return row.id
            await look(made)


async def leaves(made: Rig, person: Person, workspace_id: WorkspaceId) -> None:
    row = await made.store.read(workspaces.get, workspace_id)
    assert row is not None
    assert row.claim_id is not None
    await service.release(made.context, person, row.claim_id)


def inside(made: Rig, workspace_id: WorkspaceId) -> Path:
    return made.path / "state" / "slots" / workspace_id / "home"


async def test_the_second_claim_gets_a_warm_one_with_what_the_first_saved_until_its_end(place: Path) -> None:
    async with life(place / "whole") as made:
        await fill(made)
        alice, bob = await made.person("alice"), await made.person("bob")
        first = await comes(made, alice)
        (inside(made, first) / "notebook").write_text("yesterday\n")
        await leaves(made, alice, first)
        warm = await fill(made)
        second = await comes(made, alice)
        assert second in warm
        assert (inside(made, second) / "notebook").read_text() == "yesterday\nsaved at its end\n"
        bobs = await comes(made, bob)
        assert list(inside(made, bobs).iterdir()) == []


async def one_life(path: Path, fuse: Fuse, steps: int) -> tuple[Person, HandClock, Fuse]:
    """From the moment in which she gives it back, killed after so many steps."""
    async with life(path, fuse) as made:
        await fill(made)
        alice = await made.person("alice")
        first = await comes(made, alice)
        (inside(made, first) / "notebook").write_text("yesterday\n")
        await fill(made)
        fuse.steps = 0
        fuse.steps_left = steps
        try:
            await leaves(made, alice, first)
            await comes(made, alice)
        except (Killed, TimeoutError):
            assert fuse.is_blown
        return alice, made.clock, fuse


async def test_killed_at_any_step_the_next_life_has_the_files_and_in_one_workspace(place: Path) -> None:
    for step in range(MOST_STEPS):
        path = place / str(step)
        alice, clock, fuse = await one_life(path, Fuse(after=True), step)
        clock.time += timedelta(seconds=60)
        async with life(path, clock=clock) as made:
            second = await comes(made, alice)
            text = (inside(made, second) / "notebook").read_text()
            assert text.startswith("yesterday\n"), f"killed at step {step}"
            [home] = await made.store.read(homes.of_user, alice.user_id)
            assert home.workspace_id == second, f"killed at step {step}"
            leads = [row.id for row in await rows_of(made) if leads_to(made, row.id, home)]
            assert leads == [second], f"killed at step {step}"
        if not fuse.is_blown:
            break
    assert 8 < step < MOST_STEPS - 1


def leads_to(made: Rig, workspace_id: WorkspaceId, home: Home) -> bool:
    link = inside(made, workspace_id)
    return link.is_symlink() and link.readlink().name == home.id
