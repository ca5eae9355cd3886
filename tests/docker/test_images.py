"""Images come to a real engine from a registry of our own (tests/docker/registry.py): as the policy says, once, told how far, and with what
went wrong put into words.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from aiodocker import Docker
from tests.docker import registry as stand_in
from tests.docker.bench import Docked, tiny
from tests.docker.registry import Registry
from tests.docker_engine import Engine

from carrel.domain.instance import Progress
from carrel.domain.reason import ReasonCode
from carrel.drivers.docker.images.fetching import Images
from carrel.drivers.docker.images.registries import Registry as Login
from carrel.ports.driver import DriverUnavailable, Instance, InstanceState, Rejected
from carrel.testing.driver_contract import shown

MiB = 1024 * 1024
WITHIN = 30.0


@pytest.fixture
async def client(docker: Engine) -> AsyncIterator[Docker]:
    async with Docker(docker.host) as client:
        yield client


@pytest.fixture
async def registry() -> AsyncIterator[Registry]:
    async with stand_in.opened() as registry:
        yield registry


@pytest.fixture
async def images(client: Docker) -> AsyncIterator[Images]:
    images = Images(lambda: client, pauses=(0.01,))
    yield images
    await images.aclose()


async def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN
    while not holds():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


async def test_an_image_is_fetched_once_for_all_and_told_how_far_it_is(
    images: Images, registry: Registry
) -> None:
    config = {
        "User": "1000:100",
        "Env": ["A=1"],
        "Cmd": ["serve"],
        "ExposedPorts": {"8888/tcp": {}, "53/udp": {}},
    }
    name = registry.add("one/big", layers=2, size=4 * MiB, config=config)
    registry.gate.clear()
    waiting = [asyncio.create_task(images.ensure(name)) for _ in range(5)]
    seen: list[Progress] = []

    def is_half_way() -> bool:
        told = images.progress(name)
        if told is not None and told not in seen:
            seen.append(told)
        return told is not None and (told.fraction or 0.0) > 0.1

    await until(is_half_way)
    waiting.pop().cancel()
    registry.gate.set()
    facts = await asyncio.gather(*waiting)
    assert seen[-1].sentence == f"The image {name} is being fetched."
    assert 0.1 < (seen[-1].fraction or 0.0) < 0.75
    assert len({each.id for each in facts}) == 1
    assert (facts[0].user, facts[0].command, facts[0].ports) == ("1000:100", ("serve",), (8888,))
    assert facts[0].environment == {"A": "1"}
    assert images.progress(name) is None
    asked = registry.pulls("one/big")
    assert (await images.ensure(name)).id == facts[0].id
    assert registry.pulls("one/big") == asked


async def test_who_asks_alone_and_gives_up_does_not_stop_what_was_begun(
    images: Images, registry: Registry
) -> None:
    name = registry.add("one/left")
    registry.gate.clear()
    alone = asyncio.create_task(images.ensure(name))
    await until(lambda: registry.pulls("one/left") > 0)
    alone.cancel()
    await asyncio.gather(alone, return_exceptions=True)
    assert images.progress(name) is not None
    registry.gate.set()
    await until(lambda: images.progress(name) is None)
    registry.manifests.clear()
    await images.ensure(name)


async def test_closing_ends_what_is_fetched_and_who_waits_is_told(client: Docker, registry: Registry) -> None:
    images = Images(lambda: client)
    name = registry.add("one/closing")
    registry.gate.clear()
    waiting = asyncio.create_task(images.ensure(name))
    await until(lambda: any("blobs" in line for line in registry.asked))
    await images.aclose()
    with pytest.raises(DriverUnavailable, match="closed"):
        await waiting
    assert images.progress(name) is None


async def test_always_asks_again_and_does_without_the_registry_where_it_must(
    client: Docker, registry: Registry
) -> None:
    name = registry.add("one/always", size=10)
    first = await Images(lambda: client, policy="always").ensure(name)
    registry.add("one/always", size=20)
    assert (await Images(lambda: client, policy="missing").ensure(name)).id == first.id
    always = Images(lambda: client, policy="always", pauses=())
    second = await always.ensure(name)
    assert second.id != first.id
    registry.manifests.clear()
    assert (await always.ensure(name)).id == second.id
    with pytest.raises(Rejected):
        await Images(lambda: client, policy="always", pauses=()).ensure(name)
    registry.cuts = 1000
    assert (await Images(lambda: client, policy="always", pauses=()).ensure(name)).id == second.id


async def test_never_fetches_nothing(client: Docker, registry: Registry, image: str) -> None:
    images = Images(lambda: client, policy="never")
    assert (await images.ensure(image)).user == "1000:1000"
    with pytest.raises(Rejected) as refused:
        await images.ensure(registry.add("one/never"))
    assert refused.value.code is ReasonCode.IMAGE_MISSING
    assert registry.asked == []


async def test_an_image_by_its_id_is_the_one_that_is_there_or_none(images: Images, image: str) -> None:
    facts = await images.ensure(image)
    assert (await images.ensure(facts.id)).id == facts.id
    with pytest.raises(Rejected):
        await images.ensure("sha256:" + "0" * 64)


async def test_a_registry_that_asks_who_it_is_gets_the_password_of_today(
    client: Docker, registry: Registry, tmp_path: Path
) -> None:
    name = registry.add("one/locked")
    registry.login = ("ada", "geheim")
    file = tmp_path / "password"
    file.write_text("wrong")
    images = Images(lambda: client, known={registry.host: Login("ada", str(file))}, pauses=())
    with pytest.raises(Rejected) as refused:
        await images.ensure(name)
    assert refused.value.code is ReasonCode.IMAGE_MISSING
    assert registry.host in refused.value.sentence
    assert "wrong" not in refused.value.sentence
    file.write_text("geheim\n")
    await images.ensure(name)
    with pytest.raises(Rejected, match="username and password"):
        await Images(lambda: client, pauses=()).ensure(registry.add("one/other"))


async def test_what_is_not_on_the_registry_is_said_at_once(images: Images, registry: Registry) -> None:
    with pytest.raises(Rejected, match="none of that name and tag") as refused:
        await images.ensure(f"{registry.host}/one/none:1")
    assert refused.value.code is ReasonCode.IMAGE_MISSING
    assert registry.pulls("one/none") <= 1
    with pytest.raises(Rejected, match="no name of an image"):
        await images.ensure(f"{registry.host}/One")


async def test_broken_parts_and_a_registry_that_is_away_are_tried_again(
    images: Images, registry: Registry
) -> None:
    spoilt = registry.add("one/spoilt", layers=2)
    registry.spoil.add(registry.layers_of("one/spoilt")[1])
    with pytest.raises(DriverUnavailable, match="verification failed"):
        await images.ensure(spoilt)
    registry.spoil.clear()
    await images.ensure(spoilt)

    away = registry.add("one/away")
    registry.cuts = 1
    await images.ensure(away)
    assert registry.cuts == 0
    with pytest.raises(DriverUnavailable, match="connection refused"):
        await images.ensure("127.0.0.1:1/one/nobody")


async def test_an_engine_that_is_away_is_not_an_image_that_is(tmp_path: Path) -> None:
    async with Docker(f"unix://{tmp_path}/none.sock", api_version="v1.41") as nobody:
        with pytest.raises(DriverUnavailable, match="engine does not answer"):
            await Images(lambda: nobody).ensure("busybox")


async def test_a_start_shows_how_far_its_image_is_and_what_came_of_it(
    docker: Engine, registry: Registry, tmp_path: Path
) -> None:
    name = registry.add("one/app", size=4 * MiB)
    docked = Docked(docker, tmp_path, tiny(name))
    driver, spec = docked.open(), docked.spec()
    registry.gate.clear()
    try:
        await driver.create(spec)

        async def shows(wanted: Callable[[Instance], bool]) -> Instance:
            deadline = time.monotonic() + WITHIN
            while (found := await shown(driver, spec.workspace_id)) is None or not wanted(found):
                assert time.monotonic() < deadline, found
                await asyncio.sleep(0.02)
            return found

        starting = await shows(lambda found: bool(found.progress and found.progress.fraction))
        assert starting.state is InstanceState.STARTING
        assert starting.progress is not None
        assert starting.progress.sentence == f"The image {name} is being fetched."
        registry.gate.set()
        ended = await shows(lambda found: found.state is InstanceState.ENDED)
        assert (ended.progress, ended.code) == (None, ReasonCode.COMMAND_MISSING)
        with pytest.raises(Rejected, match="none of that name and tag"):
            await driver.create(docked.spec(tiny(f"{registry.host}/one/none")))
    finally:
        await docked.clear()
