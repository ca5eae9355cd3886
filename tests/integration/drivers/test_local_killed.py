"""`kill -9` of the control plane between any two steps of a verb leaves something that list() shows and the same verbs repair."""

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from carrel.domain.ids import HomeId, WorkspaceId
from carrel.ports.driver import InstanceState, Rejected, Spec
from carrel.testing.driver_contract import shown, until

from .place import Local

SLEEPS = "import time; time.sleep(120)"
KILLED = Path(__file__).with_name("killed.py")


class Victim(NamedTuple):
    steps: int
    workspace_id: WorkspaceId
    home_id: HomeId


def kill_at_every_step(local: Local, verb: str) -> list[Victim]:
    local.open()
    script = local.state.parent / "sleeps.py"
    script.write_text(SLEEPS)
    command = [sys.executable, str(KILLED), str(local.state), local.installation, verb, str(script)]
    told = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    lines = [line.split() for line in told.stdout.splitlines()]
    return [Victim(int(steps), WorkspaceId(one), HomeId(other)) for steps, one, other in lines]


def spec_for(local: Local, workspace_id: WorkspaceId) -> Spec:
    made = local.spec(SLEEPS)
    return Spec(workspace_id, made.pool, made.template, made.secret)


async def test_killed_while_creating_it_can_be_destroyed(local: Local) -> None:
    victims = kill_at_every_step(local, "create")
    assert len(victims) > 10
    driver = local.open()
    for victim in victims:
        listed = await shown(driver, victim.workspace_id)
        assert local.slot(victim.workspace_id).exists() == (listed is not None)
        await driver.destroy(victim.workspace_id)
        assert not local.slot(victim.workspace_id).exists()
        assert local.members(victim.workspace_id) == []
    assert await driver.list() == []


async def test_killed_while_creating_it_can_be_created_again(local: Local) -> None:
    victims = kill_at_every_step(local, "create")
    driver = local.open()
    for victim in victims:
        await driver.create(spec_for(local, victim.workspace_id))
    endpoints = set()
    for victim in victims:
        instance = await until(driver, victim.workspace_id, InstanceState.RUNNING)
        endpoints.add(instance.endpoint)
        apps = [member for member in local.members(victim.workspace_id) if not member.is_keeper]
        assert len(apps) == 1, "started twice"
    assert len(endpoints) == len(victims)


async def test_killed_while_attaching_the_home_is_there_or_not_and_nothing_between(local: Local) -> None:
    victims = kill_at_every_step(local, "attach")
    assert len(victims) >= 3
    driver = local.open()
    for victim in victims:
        await until(driver, victim.workspace_id, InstanceState.RUNNING)
        home = local.state / "homes" / victim.home_id
        link = local.slot(victim.workspace_id) / "home"
        assert str(link.readlink()) in ("blank", str(home))
        await driver.attach(victim.workspace_id, victim.home_id)
        (link / "mine.txt").write_text("mine")
        await driver.destroy(victim.workspace_id)
        assert (home / "mine.txt").read_text() == "mine"


async def test_killed_while_taking_it_out_a_home_has_all_and_comes_out_the_next_time(local: Local) -> None:
    victims = kill_at_every_step(local, "detach")
    assert len(victims) >= 4
    driver, saved = local.open(), {}
    for victim in victims:
        home = local.state / "homes" / victim.home_id
        saved[victim] = home / f"recovered-{victim.workspace_id}" / "mine.txt"
        assert (home / "mine.txt").read_text() == "mine"
        await driver.detach(victim.workspace_id)
        assert not os.path.lexists(local.slot(victim.workspace_id) / "home")
        assert local.members(victim.workspace_id) == []
        with pytest.raises(Rejected):
            await driver.attach(victim.workspace_id, victim.home_id)
    following = await local.start(driver, local.spec(SLEEPS))
    for victim in victims:
        await driver.attach(following, victim.home_id)
        assert (local.slot(following) / "home" / "mine.txt").read_text() == "mine"
        await driver.destroy(victim.workspace_id)
        assert saved[victim].read_text() == "mine"


async def test_killed_while_removing_a_home_it_can_be_removed_and_no_other_goes_with_it(local: Local) -> None:
    victims = kill_at_every_step(local, "remove-home")
    assert len(victims) >= 4
    driver = local.open()
    while victims:
        victim = victims.pop()
        await driver.remove_home(victim.home_id)
        assert not (local.state / "homes" / victim.home_id).exists()
        for other in victims:
            assert (local.state / "homes" / other.home_id).is_dir()


async def test_killed_while_destroying_it_can_be_destroyed_and_the_home_stays(local: Local) -> None:
    victims = kill_at_every_step(local, "destroy")
    assert len(victims) > 10
    driver = local.open()
    for victim in victims:
        home = local.state / "homes" / victim.home_id
        assert (home / "mine.txt").read_text() == "mine"
        await driver.destroy(victim.workspace_id)
        assert local.members(victim.workspace_id) == []
        assert (home / "mine.txt").read_text() == "mine"
        assert (home / f"recovered-{victim.workspace_id}" / "mine.txt").read_text() == "mine"
    assert await driver.list() == []
    assert [path.name for path in (local.state / "slots").iterdir() if not path.name.startswith(".")] == []


async def test_killed_while_restarting_it_can_be_restarted_with_home_and_port(local: Local) -> None:
    victims = kill_at_every_step(local, "restart")
    driver = local.open()
    for victim in victims:
        before = await shown(driver, victim.workspace_id)
        assert before is not None
        await driver.restart(spec_for(local, victim.workspace_id))
        after = await until(driver, victim.workspace_id, InstanceState.RUNNING)
        assert after.endpoint == before.endpoint
        link = local.slot(victim.workspace_id) / "home"
        assert str(link.readlink()) == str(local.state / "homes" / victim.home_id)
        await driver.destroy(victim.workspace_id)


@pytest.mark.parametrize("note", ["instance.json", "process.json"])
async def test_a_note_that_cannot_be_read_does_not_keep_an_instance_alive(local: Local, note: str) -> None:
    driver = local.open()
    workspace_id = await local.start(driver, local.spec(SLEEPS))
    (local.slot(workspace_id) / note).write_text('{"pool": ')
    again = local.open()
    assert await shown(again, workspace_id) is not None
    await again.destroy(workspace_id)
    assert local.members(workspace_id) == []
    assert await shown(again, workspace_id) is None
