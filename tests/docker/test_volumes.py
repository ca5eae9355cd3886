"""Homes that are volumes of the engine before the public contract suite: each container is started with its person's."""

import io
import tarfile
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from tests.docker.bench import Docked, tiny
from tests.docker.stock import Stock
from tests.docker_engine import Engine

from carrel import mint
from carrel.domain.container import Container
from carrel.domain.delivery import Delivery
from carrel.domain.ids import HomeId, InstallationId
from carrel.drivers.docker.labels import Owner
from carrel.drivers.docker.variants import VolumeDriver
from carrel.ports.driver import DriverUnavailable
from carrel.testing.delivery_contract import deliver, run
from carrel.testing.driver_contract import Bench, new_home_id
from carrel.testing.start_contract import StartsWithHomeContract, started_with


@pytest.fixture(scope="module")
def installation(docker: Engine) -> Iterator[InstallationId]:
    """One for all, so that its network is made once."""
    yield InstallationId(mint.new_id())
    docker.clear()


@pytest.fixture
async def stock(
    docker: Engine, image: str, tmp_path: Path, installation: InstallationId
) -> AsyncIterator[Stock]:
    docked = Docked(docker, tmp_path, tiny(image), options={"homes": "volume"}, installation=installation)
    yield Stock(docked)
    await docked.clear()
    assert docked.leftovers() == []


@pytest.fixture
def bench(stock: Stock) -> Bench:
    return stock.bench()


class TestVolume(StartsWithHomeContract):
    @pytest.fixture
    def bench(self, bench: Bench) -> Bench:
        return bench


async def test_a_home_is_its_persons_and_is_packed_and_removed_without_a_container_left(
    stock: Stock, bench: Bench, tmp_path: Path
) -> None:
    """Also that a shared folder is in it for reading, and that the person has what was delivered."""
    course = tmp_path / "course"
    course.mkdir()
    (course / "lesson.txt").write_text("first\n")
    stock.docked.template = replace(stock.docked.template, data={"course": str(course)})
    spec = await started_with(bench, home := new_home_id())
    await deliver(bench, spec.workspace_id, Delivery({"CARREL_TEST": "theirs"}))
    script = (
        "stat -c '%u:%g %a' .; echo $CARREL_TEST; cat course/lesson.txt; rm course/lesson.txt 2>/dev/null; mkdir deep;"
        "echo text > deep/one.txt; ln deep/one.txt two.txt; ln -s deep/one.txt link; mkfifo pipe; head -c 3000000 /dev/zero > big"
    )
    ran = await run(bench, spec.workspace_id, script)
    assert (ran.code, ran.output) == (0, "1000:1000 700\ntheirs\nfirst\n")
    driver = cast("VolumeDriver", bench.driver)
    assert 3_000_000 <= await driver.measure_home(home) < 4_000_000
    with pytest.raises(DriverUnavailable, match="in use"):
        await driver.remove_home(home)
    await driver.destroy(spec.workspace_id)
    with tarfile.open(fileobj=io.BytesIO(await archive(driver, home))) as opened:
        assert {"deep", "deep/one.txt", "two.txt", "link", "big"} <= set(opened.getnames())
        assert "pipe" not in opened.getnames()
        opened.extractall(tmp_path / "unpacked", filter="data")
        assert (tmp_path / "unpacked" / "link").read_text() == "text\n"
        assert opened.getmember("big").uid == 0
    async with aclosing(driver.archive_home(home)) as bits:  # type: ignore[type-var]
        await anext(bits)
    assert stock.docked.engine.containers("name=carrel-reader-") == []
    await driver.remove_home(home)
    assert await driver.measure_home(home) == 0
    with tarfile.open(fileobj=io.BytesIO(await archive(driver, home))) as opened:
        assert opened.getnames() == []


async def test_what_a_killed_control_plane_read_through_is_cleared_by_the_next(
    stock: Stock, bench: Bench
) -> None:
    labels = [
        f"--label={name}={value}" for name, value in Owner(stock.docked.installation, "engine").labels.items()
    ]
    await stock.docked.docker("create", "--name=carrel-reader-left", *labels, "carrel-test/small:1", "none")
    assert await cast("VolumeDriver", bench.driver).measure_home(new_home_id()) == 0
    await cast("VolumeDriver", bench.driver).remove_home(new_home_id())
    assert stock.docked.engine.containers("name=carrel-reader-") == []


async def test_what_can_write_nowhere_else_can_write_in_its_home(stock: Stock, bench: Bench) -> None:
    template = stock.docked.template
    container = replace(template.container or Container(), read_only=True, home_path="/home/jovyan")
    stock.docked.template = replace(template, container=container)
    spec = await started_with(bench, new_home_id())
    ran = await run(bench, spec.workspace_id, "touch here && stat -c '%u:%g %a' . && touch /home/there")
    assert ran.output.startswith("1000:1000 700\n")
    assert "Read-only file system" in ran.output


async def archive(driver: VolumeDriver, home: HomeId) -> bytes:
    return b"".join([bit async for bit in driver.archive_home(home)])
