"""Several containers as one workspace: an app and its database, with one endpoint, one network and one life."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.docker.bench import Docked, tiny
from tests.docker_engine import Engine

from carrel.domain.container import Companion, Container
from carrel.domain.ids import WorkspaceId
from carrel.domain.template import Template
from carrel.drivers.docker import labels
from carrel.ports.driver import Driver, InstanceState, Logs, Measures, Restarts
from carrel.testing.driver_contract import LOOKS, PAUSE, until

DATABASE = """
import socket, os
door = socket.create_server(("0.0.0.0", 5432))
print("database up", flush=True)
while True:
    caller, _ = door.accept()
    caller.sendall(os.environ["GREETING"].encode())
    caller.close()
"""
ASKS = """
import socket, sys, time
for _ in range(600):
    try:
        with socket.create_connection(("127.0.0.1", 5432), 5) as line:
            print("it says", line.recv(100).decode(), flush=True)
            break
    except OSError:
        time.sleep(0.1)
time.sleep(300)
"""
REACHES = "import socket, sys; socket.create_connection((sys.argv[1], 5432), 2); print('reached')"


def with_database(image: str) -> Template:
    database = Companion(
        "db", image, ("python3", "-I", "-S", "-c", DATABASE), environment={"GREETING": "hello from {id}"}
    )
    single = tiny(image, ("python3", "-I", "-S", "-c", ASKS))
    return replace(single, container=Container(companions=(database,)))


@pytest.fixture
async def docked(docker: Engine, image: str, tmp_path: Path) -> AsyncIterator[Docked]:
    docked = Docked(docker, tmp_path, with_database(image), options={"homes": "mounted"})
    yield docked
    await docked.clear()
    assert docked.leftovers() == []
    docker.clear()


async def printed(driver: Driver, workspace_id: WorkspaceId, wanted: str) -> str:
    assert isinstance(driver, Logs)
    for _ in range(LOOKS):
        if wanted in (found := await driver.logs(workspace_id, 20)):
            return found
        await asyncio.sleep(PAUSE)
    pytest.fail(f"{wanted!r} was not printed: {found}")


async def test_a_group_is_one_workspace_whose_members_meet_at_localhost_and_end_together(
    docked: Docked, image: str
) -> None:
    driver = docked.open()
    assert isinstance(driver, Restarts)
    assert isinstance(driver, Measures)
    spec, other = docked.spec(), docked.spec(tiny(image))
    await asyncio.gather(driver.create(spec), driver.create(other))
    instance = await until(driver, spec.workspace_id, InstanceState.RUNNING)
    await until(driver, other.workspace_id, InstanceState.RUNNING)
    assert len(await driver.list()) == 2
    said = await printed(driver, spec.workspace_id, "it says")
    assert f"it says hello from {spec.workspace_id}\n" in said
    assert "db | database up\n" in said
    assert (await driver.cpu_seconds())[spec.workspace_id] > 0

    assert instance.endpoint is not None
    python = ("python3", "-I", "-S", "-c", REACHES, instance.endpoint.host)
    tried = docked.engine.docker("exec", labels.container(other.workspace_id), *python, check=False)
    assert tried.returncode != 0
    assert "reached" not in tried.stdout

    name = labels.companion(spec.workspace_id, "db")
    os.kill(int(await docked.docker("inspect", "--format", "{{.State.Pid}}", name)), signal.SIGKILL)
    ended = await until(driver, spec.workspace_id, InstanceState.ENDED)
    assert ended.sentence is not None
    assert ended.sentence.startswith('The companion "db" was ended ')

    await driver.restart(spec)
    again = await until(driver, spec.workspace_id, InstanceState.RUNNING)
    assert again.endpoint == instance.endpoint
    await driver.destroy(spec.workspace_id)
    assert [each.workspace_id for each in await driver.list()] == [other.workspace_id]
