"""`kill -9` of the control plane between any two steps of a verb leaves something that list() shows and the same verbs repair: nothing is
left over and nothing lost, on the engine or on the disk.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.docker.bench import Docked, tiny
from tests.docker.killed import Case, Victim
from tests.docker_engine import Engine

from carrel.domain.ids import HomeId, WorkspaceId
from carrel.ports.driver import InstanceState
from carrel.testing.driver_contract import until

KILLED = Path(__file__).with_name("killed.py")
SLEEPS = ("python3", "-I", "-S", "-c", "import time; time.sleep(300)")


class Scene(NamedTuple):
    docked: Docked
    case: Case


@pytest.fixture
async def scene(docker: Engine, image: str, tmp_path: Path) -> AsyncIterator[Scene]:
    docked = Docked(docker, tmp_path, tiny(image, SLEEPS), options={"homes": "mounted"})
    yield Scene(docked, Case(str(tmp_path), docked.installation, docker.host, image, SLEEPS))
    await docked.clear()
    docker.clear()


async def kill_at_every_step(scene: Scene, verb: str) -> list[Victim]:
    """The first one came through."""
    scene.docked.open()  # what a control plane makes as it starts is there
    program = await asyncio.create_subprocess_exec(
        sys.executable, str(KILLED), json.dumps(scene.case._asdict()), verb,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await asyncio.wait_for(program.communicate(), 180)
    assert program.returncode == 0, said.decode()
    lines = [line.split() for line in (scene.docked.state / "victims").read_text().splitlines()]
    return [Victim(WorkspaceId(one), HomeId(other)) for one, other in lines]


async def test_killed_while_creating_it_goes_on_or_is_created_again_and_there_is_one(scene: Scene) -> None:
    victims = await kill_at_every_step(scene, "create")
    assert len(victims) > 8
    driver = scene.docked.open()
    listed = {each.workspace_id for each in await driver.list()}
    for victim in victims:
        if victim.workspace_id not in listed:
            await driver.create(scene.case.spec(victim.workspace_id))
    endpoints = {(await until(driver, each.workspace_id, InstanceState.RUNNING)).endpoint for each in victims}
    assert len(endpoints) == len(victims)
    assert len(scene.docked.containers()) == len(victims)
    await asyncio.gather(*(driver.destroy(each.workspace_id) for each in victims))
    assert scene.docked.leftovers() == []


async def test_killed_while_creating_it_can_be_destroyed(scene: Scene) -> None:
    victims = await kill_at_every_step(scene, "create")
    driver = scene.docked.open()
    await asyncio.gather(*(driver.destroy(each.workspace_id) for each in victims))
    assert await driver.list() == []
    assert scene.docked.leftovers() == []


async def test_killed_while_destroying_it_can_be_destroyed_and_the_home_stays(scene: Scene) -> None:
    victims = await kill_at_every_step(scene, "destroy")
    assert len(victims) > 5
    driver = scene.docked.open()
    left = set(scene.docked.leftovers())
    listed = {each.workspace_id for each in await driver.list()}
    assert all(any(each in one for each in listed) for one in left if "carrel-slot-" in one)
    await asyncio.gather(*(driver.destroy(each.workspace_id) for each in victims))
    assert await driver.list() == []
    assert scene.docked.leftovers() == []
    for victim in victims:
        assert (scene.docked.home(victim.home_id) / "mine.txt").read_text() == "mine"
