"""Homes, deliveries and commands in containers before the public contract suites, with homes that are mounted."""

import asyncio
import subprocess
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.docker.bench import HOME, Docked, tiny
from tests.docker.stock import Stock, stocked
from tests.docker_engine import Engine, mounts_below

from carrel.domain.ids import WorkspaceId
from carrel.drivers.docker import labels
from carrel.drivers.docker.variants import MountedDriver
from carrel.ports.driver import InstanceState, Rejected
from carrel.testing.delivery_contract import DeliveryContract, RunContract, deliver, run, somebodys
from carrel.testing.driver_contract import AttachContract, Bench, attach, new_home_id, running, until
from carrel.testing.home_contract import HomeContract

STOCK = 36


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("course")
    folder.chmod(0o755)
    (folder / "lesson.txt").write_text("first")
    return folder


@pytest.fixture(scope="module")
def stock(
    docker: Engine, image: str, course: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stock]:
    template = replace(tiny(image), data={"data/course": str(course)})
    docked = Docked(docker, tmp_path_factory.mktemp("state"), template, options={"homes": "mounted"})
    with stocked(docked, STOCK) as stock:
        yield stock
    assert mounts_below(docked.state / "slots" / f"docker-{docked.backend}" / "slots") == []


@pytest.fixture
async def bench(stock: Stock) -> AsyncIterator[Bench]:
    yield stock.bench()
    await stock.close()


class TestMounted(AttachContract, HomeContract):
    @pytest.fixture
    def bench(self, bench: Bench) -> Bench:
        return bench


class TestInside(DeliveryContract, RunContract):
    """In containers that are used again: what was delivered is replaced, and no home comes in."""

    @pytest.fixture
    async def bench(self, stock: Stock) -> AsyncIterator[Bench]:
        yield stock.bench()
        await stock.take_back()

    async def test_a_path_that_leads_outside_is_refused_and_changes_nothing(  # type: ignore[override]
        self, bench: Bench
    ) -> None:
        await super().test_a_path_that_leads_outside_is_refused_and_changes_nothing(bench, "../outside")

    async def test_what_is_no_name_of_a_variable_is_refused(self, bench: Bench) -> None:  # type: ignore[override]
        await super().test_what_is_no_name_of_a_variable_is_refused(bench, "A;true")


async def test_files_are_their_persons_inside_and_carrels_on_the_disk(stock: Stock, bench: Bench) -> None:
    """So a home that programs of this machine filled can be used in a container, and the other way round."""
    spec, home = await running(bench), new_home_id()
    place = stock.docked.home(home)
    place.mkdir(mode=0o700)
    (place / "from before.txt").write_text("before\n")
    for path in (place, place / "from before.txt"):
        path.chmod(0o700 if path is place else 0o600)
    await attach(bench, spec.workspace_id, home)
    script = "stat -c %u:%g .; cat from*; echo more >> from\\ before.txt; mkdir made; echo new > made/new.txt; stat -c %u made"
    ran = await run(bench, spec.workspace_id, script)
    assert (ran.code, ran.output) == (0, "1000:1000\nbefore\n1000\n")
    owner = place.parent.stat()
    for path in (place, *place.rglob("*")):
        assert (path.stat().st_uid, path.stat().st_gid) == (owner.st_uid, owner.st_gid)
    assert (place / "from before.txt").read_text() == "before\nmore\n"


async def test_shared_folders_are_in_the_home_for_reading_and_gone_with_it(
    stock: Stock, bench: Bench, course: Path
) -> None:
    spec, home = await running(bench), new_home_id()
    await attach(bench, spec.workspace_id, home)
    script = (
        "cat data/course/lesson.txt; echo x > data/course/lesson.txt; mkdir mine; echo; rm -rf data/course"
    )
    ran = await run(bench, spec.workspace_id, script)
    assert ran.output.startswith("first")
    assert "Read-only file system" in ran.output
    assert isinstance(bench.driver, MountedDriver)
    await bench.driver.detach(spec.workspace_id)
    assert {path.name for path in stock.docked.home(home).iterdir()} >= {"mine"}
    assert not (stock.docked.home(home) / "data").exists()
    assert (course / "lesson.txt").read_text() == "first"


async def test_set_user_id_programs_and_devices_of_a_home_do_nothing(bench: Bench) -> None:
    spec = await running(bench)
    await attach(bench, spec.workspace_id, new_home_id())
    ran = await run(bench, spec.workspace_id, f"grep ' {HOME} ' /proc/self/mountinfo | tail -n 1")
    assert {"nosuid", "nodev"} <= set(ran.output.split()[5].split(","))


async def test_another_home_is_refused_while_one_is_in(bench: Bench) -> None:
    spec = await running(bench)
    await attach(bench, spec.workspace_id, new_home_id())
    with pytest.raises(Rejected, match="Another home"):
        await attach(bench, spec.workspace_id, new_home_id())


async def test_a_machine_that_starts_anew_has_the_home_in_again_after_a_restart(
    stock: Stock, bench: Bench
) -> None:
    """It has forgotten every mount, and its containers have ended."""
    spec, home = await running(bench), new_home_id()
    await attach(bench, spec.workspace_id, home)
    await stock.put_file(spec.workspace_id, "mine.txt")
    await stock.docked.docker("kill", labels.container(spec.workspace_id))
    slot = _slot(stock, spec.workspace_id)
    for point in reversed(mounts_below(slot)):
        await asyncio.to_thread(_unmount, point)
    assert isinstance(bench.driver, MountedDriver)
    await bench.driver.restart(spec)
    await until(bench.driver, spec.workspace_id, InstanceState.RUNNING)
    assert "mine.txt" in await stock.files(spec.workspace_id)


async def test_delivered_files_are_for_nobody_else(bench: Bench) -> None:
    spec = await running(bench)
    await deliver(bench, spec.workspace_id, somebodys())
    ran = await run(bench, spec.workspace_id, "stat -L -c '%a %u' $CARREL_PERSON $CARREL_PERSON/secrets/key")
    assert ran.output == "700 1000\n600 1000\n"


def _slot(stock: Stock, workspace_id: WorkspaceId) -> Path:
    return stock.docked.state / "slots" / f"docker-{stock.docked.backend}" / "slots" / workspace_id


def _unmount(point: str) -> None:
    subprocess.run(["umount", "--lazy", point], check=True)


async def test_an_app_that_is_root_makes_nobody_read_what_it_put_in_their_place(
    stock: Stock, bench: Bench
) -> None:
    """It once was read whole, into the memory of the control plane."""
    spec = await running(bench)
    await deliver(bench, spec.workspace_id, somebodys())
    name = labels.container(spec.workspace_id)
    huge = "rm /carrel/person && truncate -s 100M /carrel/person"
    stock.docked.engine.docker("exec", "--user", "0", name, "sh", "-c", huge)
    tracemalloc.start()
    try:
        await deliver(bench, spec.workspace_id, somebodys())
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 20 << 20
    ran = await run(
        bench, spec.workspace_id, "test -L /carrel/person && test -r /carrel/person/environment && echo well"
    )
    assert ran.output == "well\n"
