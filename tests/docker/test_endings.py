"""How containers end, and what people are told of it: exit status, memory that ran out, an image without the program, an engine that was
killed or stopped.
"""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from tests.docker.bench import Docked, tiny
from tests.docker_engine import Engine, an_engine, import_small, mounts_below

from carrel.domain.reason import ReasonCode
from carrel.drivers.docker import labels
from carrel.drivers.docker.network.bridge import bridge_name
from carrel.drivers.docker.network.walls import BRIDGES
from carrel.ports.driver import Driver, DriverUnavailable, Instance, InstanceState, Leaves, Logs, Spec
from carrel.testing.driver_contract import LOOKS, PAUSE, until

MiB = 1 << 20
HOG = ("python3", "-I", "-S", "-c", "bytearray(400 << 20)")
FAILS = ("sh", "-c", "exit 3")
MISSING = ("no-such-program",)


@pytest.fixture
async def docked(docker: Engine, image: str, tmp_path: Path) -> AsyncIterator[Docked]:
    docked = Docked(docker, tmp_path, tiny(image), options={"homes": "mounted"})
    yield docked
    await docked.clear()
    assert docked.leftovers() == []
    docker.clear()


async def ended(driver: Driver, spec: Spec) -> Instance:
    return await until(driver, spec.workspace_id, InstanceState.ENDED)


async def test_why_a_container_ended_is_told(docked: Docked, image: str) -> None:
    driver = docked.open()
    hog = docked.spec(replace(tiny(image, HOG), memory=64 * MiB))
    fails, missing = docked.spec(tiny(image, FAILS)), docked.spec(tiny(image, MISSING))
    await asyncio.gather(*(driver.create(each) for each in (hog, fails, missing)))
    shown = await ended(driver, hog)
    assert shown.code is ReasonCode.OUT_OF_MEMORY
    assert shown.sentence is not None
    assert "It may use 64 MiB." in shown.sentence
    shown = await ended(driver, fails)
    assert shown.code is ReasonCode.CRASHED
    assert shown.sentence is not None
    assert shown.sentence.endswith("with exit status 3.")
    shown = await ended(driver, missing)
    assert shown.code is ReasonCode.COMMAND_MISSING
    assert shown.sentence is not None
    assert shown.sentence.endswith("with exit status 127.")
    assert isinstance(driver, Logs)
    assert "no-such-program" in await driver.logs(missing.workspace_id, 5)


def left_on_the_machine(docked: Docked) -> list[str]:
    """Besides what is told of single containers."""
    ours = f"label={labels.INSTALLATION}={docked.installation}"
    networks = docked.engine.docker("network", "ls", "--quiet", "--filter", ours).stdout.split()
    bridge = bridge_name(labels.Owner(docked.installation, docked.backend))
    saved = subprocess.run(
        ["iptables-save", "-t", "mangle"], check=True, capture_output=True, text=True
    ).stdout
    walls = [line for line in saved.splitlines() if bridge.removeprefix(BRIDGES) in line]
    return [*networks, *walls, *mounts_below(docked.state)]


async def test_once_the_last_has_ended_its_network_walls_and_mount_go_and_are_made_anew(
    docked: Docked,
) -> None:
    driver = docked.open()
    assert isinstance(driver, Leaves)
    for _ in range(2):
        spec = docked.spec()
        await driver.create(spec)
        await driver.leave()
        before = left_on_the_machine(docked)
        assert any(line.startswith("-A PREROUTING") for line in before), "one is left"
        assert str(docked.state / "slots" / f"docker-{docked.backend}" / "slots") in before
        await driver.destroy(spec.workspace_id)
        for _ in range(2):
            await driver.leave()
        assert left_on_the_machine(docked) == []


async def listed_again(driver: Driver) -> list[Instance]:
    """Once the engine answers anew."""
    for _ in range(LOOKS):
        try:
            return list(await driver.list())
        except DriverUnavailable:
            await asyncio.sleep(PAUSE)
    return list(await driver.list())


async def see_it_end(driver: Driver, spec: Spec, seen: list[Instance]) -> None:
    """Keeps all that is shown of its end while its engine goes and comes back."""
    while True:
        with suppress(DriverUnavailable):
            seen += [
                each
                for each in await driver.list()
                if each.workspace_id == spec.workspace_id and each.state is InstanceState.ENDED
            ]
        await asyncio.sleep(PAUSE)


async def test_what_an_engine_took_with_it_says_so_however_it_went_and_what_it_left_runs_on(
    tmp_path: Path,
) -> None:
    with an_engine() as engine:
        docked = Docked(engine, tmp_path, tiny(import_small(engine)), options={"homes": "mounted"})
        driver = docked.open()
        spec, crashed = docked.spec(), docked.spec(tiny(docked.template.image or "", FAILS))
        await asyncio.gather(driver.create(spec), driver.create(crashed))
        before = await until(driver, spec.workspace_id, InstanceState.RUNNING)
        await ended(driver, crashed)
        await asyncio.to_thread(engine.kill)
        with pytest.raises(DriverUnavailable) as away:
            await driver.list()
        assert "the engine is away" in away.value.sentence
        await asyncio.to_thread(engine.start)
        await listed_again(driver)
        shown = await ended(driver, spec)
        assert shown.code is ReasonCode.ENGINE_RESTARTED
        assert shown.sentence is not None
        assert "was restarted" in shown.sentence
        assert (await ended(driver, crashed)).code is ReasonCode.CRASHED
        assert shown.endpoint == before.endpoint
        await asyncio.gather(*(driver.destroy(each.workspace_id) for each in (spec, crashed)))

        stopped, seen = docked.spec(), list[Instance]()
        await driver.create(stopped)
        await until(driver, stopped.workspace_id, InstanceState.RUNNING)
        looking = asyncio.create_task(see_it_end(driver, stopped, seen))
        await asyncio.to_thread(engine.restart, "--live-restore")
        await listed_again(driver)
        looking.cancel()
        assert (await ended(driver, stopped)).code is ReasonCode.ENGINE_RESTARTED
        assert (await ended(docked.open(), stopped)).code is ReasonCode.ENGINE_RESTARTED
        assert [each for each in seen if each.code is not ReasonCode.ENGINE_RESTARTED] == []
        await driver.destroy(stopped.workspace_id)

        kept = docked.spec()
        await driver.create(kept)
        before = await until(driver, kept.workspace_id, InstanceState.RUNNING)
        await asyncio.to_thread(engine.kill)
        await asyncio.to_thread(engine.start, "--live-restore")
        assert await listed_again(driver) == [before]
        await docked.clear()
        assert docked.leftovers() == []
