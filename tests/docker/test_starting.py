"""Starts that take long, and those at a published port: what goes on without whoever asked, and what is given up at once."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from tests.docker import registry as stand_in
from tests.docker.bench import Docked, tiny
from tests.docker.registry import Registry
from tests.docker_engine import Engine

from carrel.domain.reason import ReasonCode
from carrel.ports.driver import Driver, InstanceState, Rejected, Restarts, Spec
from carrel.testing.driver_contract import LOOKS, PAUSE, shown, until

MiB = 1 << 20
SERVES = ("python3", "-m", "http.server", "--bind", "{host}", "{port}")


@pytest.fixture
async def docked(docker: Engine, image: str, tmp_path: Path) -> AsyncIterator[Docked]:
    docked = Docked(docker, tmp_path, tiny(image), options={"homes": "mounted"})
    yield docked
    await docked.clear()
    assert docked.leftovers() == []
    docker.clear()


@pytest.fixture
async def registry() -> AsyncIterator[Registry]:
    async with stand_in.opened() as registry:
        yield registry


async def fetching(driver: Driver, spec: Spec, image: str) -> None:
    for _ in range(LOOKS):
        instance = await shown(driver, spec.workspace_id)
        assert instance is not None
        assert instance.state is InstanceState.STARTING
        if instance.progress is not None and image in instance.progress.sentence:
            return
        await asyncio.sleep(PAUSE)
    pytest.fail(f"{image} was not fetched")


async def test_a_start_that_waits_for_its_image_outlives_the_control_plane(
    docked: Docked, registry: Registry
) -> None:
    name = registry.add("big/one", layers=2, size=4 * MiB)
    registry.gate.clear()
    spec = docked.spec(tiny(name))
    first = docked.open()
    await first.create(spec)
    await fetching(first, spec, name)
    docked.opened.remove(first)
    await first.aclose()
    again = docked.open()
    await fetching(again, spec, name)
    registry.gate.set()
    # nothing is in that image, so it comes as far as its program
    ended = await until(again, spec.workspace_id, InstanceState.ENDED)
    assert ended.code is ReasonCode.COMMAND_MISSING


async def test_nobody_waits_for_an_image_to_have_its_workspace_removed(
    docked: Docked, registry: Registry
) -> None:
    name = registry.add("big/two", layers=2, size=4 * MiB)
    registry.gate.clear()
    driver, spec = docked.open(), docked.spec(tiny(name))
    await driver.create(spec)
    await fetching(driver, spec, name)
    await asyncio.wait_for(driver.destroy(spec.workspace_id), 10)
    assert await driver.list() == []
    assert docked.leftovers() == []
    registry.gate.set()


async def test_an_image_that_is_not_there_fails_its_start_and_says_so(
    docked: Docked, registry: Registry
) -> None:
    driver, spec = docked.open(), docked.spec(tiny(f"{registry.host}/none/here:1"))
    with pytest.raises(Rejected, match="none/here") as refused:
        await driver.create(spec)
    assert refused.value.code is ReasonCode.IMAGE_MISSING
    assert await driver.list() == []


async def test_where_ports_are_published_each_has_its_own_and_keeps_it(docked: Docked, image: str) -> None:
    docked.options = {"homes": "mounted", "address": "127.0.0.1", "ports": "31000-31009"}
    driver = docked.open()
    assert isinstance(driver, Restarts)
    specs = [docked.spec(tiny(image, SERVES)) for _ in range(2)]
    await asyncio.gather(*(driver.create(spec) for spec in specs))
    shown = [await until(driver, spec.workspace_id, InstanceState.RUNNING) for spec in specs]
    places = [each.endpoint for each in shown if each.endpoint is not None]
    assert sorted((each.host, each.port) for each in places) == [("127.0.0.1", 31000), ("127.0.0.1", 31001)]
    await driver.restart(specs[0])
    again = await until(driver, specs[0].workspace_id, InstanceState.RUNNING)
    assert again.endpoint == places[0]
    async with httpx.AsyncClient() as client:
        for place in places:
            assert (await answered(client, f"http://{place.host}:{place.port}/")) == 200


async def answered(client: httpx.AsyncClient, url: str) -> int:
    for _ in range(LOOKS):
        try:
            return (await client.get(url)).status_code
        except httpx.TransportError:
            await asyncio.sleep(PAUSE)
    pytest.fail(f"{url} does not answer")
