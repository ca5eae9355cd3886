"""What every driver must do, as test classes: inherit `DriverContract` and one mix-in per capability, and give the fixtures.

    class TestMine(DriverContract, AttachContract, LogsContract):
        @pytest.fixture
        async def bench(self, tmp_path): ...yield Bench(...)

The suite knows nothing of how instances are run; it asks only through the protocol and the few hands a `Bench` lends it.
Needs a pytest plugin that runs `async def` tests (anyio with `anyio_mode = "auto"`).
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from carrel import mint
from carrel.domain.ids import HomeId, WorkspaceId
from carrel.ports.driver import (
    Attaches,
    Driver,
    DriverError,
    Instance,
    InstanceState,
    Logs,
    Rejected,
    Restarts,
    Spec,
)

PAUSE = 0.02
LOOKS = 1000
"""How often a driver is asked before a test fails: some 20 seconds, and only a failing test waits that long."""


@dataclass(slots=True)
class Bench:
    """The driver under test, and what the suite cannot do through the protocol."""

    driver: Driver
    make_spec: Callable[[], Spec]
    """A recipe that works, of a new workspace each time; it prints something when it starts."""
    reopen: Callable[[], Awaitable[Driver]]
    """The driver as a control plane finds it that was killed and started again."""
    stranger: Callable[[], Awaitable[Driver]]
    """The same backend, opened by another installation."""
    crash: Callable[[WorkspaceId], Awaitable[None]]
    """Makes the app end by itself."""
    put_file: Callable[[WorkspaceId, str], Awaitable[None]] | None = None
    """Saves a file of that name the way a person inside would. For `AttachContract`."""
    files: Callable[[WorkspaceId], Awaitable[set[str]]] | None = None
    """The names of the files a person inside sees; none once the home is out. For `AttachContract`."""
    saved_at_end: str | None = None
    """A file that every app of `make_spec` saves when it is told to end. For `HomeContract`."""
    place_of_home: Callable[[HomeId], Path] | None = None
    """Where on this machine the files of a home lie. For `HomeContract`."""
    environment: Callable[[WorkspaceId], Awaitable[Mapping[str, str]]] | None = None
    """Of what a person inside starts now. For `DeliveryContract`."""
    everything: Callable[[WorkspaceId], Awaitable[str]] | None = None
    """All that is kept of one instance, its files and the environments of its processes, as one text. For `DeliveryContract`."""


def new_workspace_id() -> WorkspaceId:
    return WorkspaceId(mint.new_id())


def new_home_id() -> HomeId:
    return HomeId(mint.new_id())


async def shown(driver: Driver, workspace_id: WorkspaceId) -> Instance | None:
    found = [instance for instance in await driver.list() if instance.workspace_id == workspace_id]
    assert len(found) <= 1, f"{workspace_id} is listed {len(found)} times"
    return found[0] if found else None


async def until(driver: Driver, workspace_id: WorkspaceId, state: InstanceState) -> Instance:
    for _ in range(LOOKS):
        instance = await shown(driver, workspace_id)
        if instance is not None and instance.state is state:
            return instance
        await asyncio.sleep(PAUSE)
    pytest.fail(f"{workspace_id} did not become {state}: it is {instance}")


async def running(bench: Bench) -> Spec:
    spec = bench.make_spec()
    await bench.driver.create(spec)
    await until(bench.driver, spec.workspace_id, InstanceState.RUNNING)
    return spec


class DriverContract:
    @pytest.fixture
    def bench(self) -> Bench:
        raise NotImplementedError("give the suite a bench")

    async def test_what_was_created_is_listed_with_pool_and_endpoint(self, bench: Bench) -> None:
        spec = await running(bench)
        instance = await shown(bench.driver, spec.workspace_id)
        assert instance is not None
        assert instance.pool == spec.pool
        assert instance.endpoint is not None

    async def test_creating_twice_is_harmless(self, bench: Bench) -> None:
        spec = await running(bench)
        before = await shown(bench.driver, spec.workspace_id)
        await bench.driver.create(spec)
        assert await shown(bench.driver, spec.workspace_id) == before

    async def test_creating_twice_at_the_same_time_makes_one(self, bench: Bench) -> None:
        spec = bench.make_spec()
        await asyncio.gather(bench.driver.create(spec), bench.driver.create(spec))
        await until(bench.driver, spec.workspace_id, InstanceState.RUNNING)

    async def test_two_created_at_the_same_time_do_not_share_an_endpoint(self, bench: Bench) -> None:
        specs = [bench.make_spec() for _ in range(4)]
        await asyncio.gather(*(bench.driver.create(spec) for spec in specs))
        instances = [await until(bench.driver, spec.workspace_id, InstanceState.RUNNING) for spec in specs]
        assert len({(each.endpoint.host, each.endpoint.port) for each in instances if each.endpoint}) == 4

    async def test_destroying_leaves_nothing(self, bench: Bench) -> None:
        spec = await running(bench)
        await bench.driver.destroy(spec.workspace_id)
        assert await shown(bench.driver, spec.workspace_id) is None

    async def test_destroying_what_is_absent_is_success(self, bench: Bench) -> None:
        await bench.driver.destroy(new_workspace_id())

    async def test_destroying_twice_at_the_same_time_is_success(self, bench: Bench) -> None:
        spec = await running(bench)
        await asyncio.gather(*(bench.driver.destroy(spec.workspace_id) for _ in range(3)))
        assert await shown(bench.driver, spec.workspace_id) is None

    async def test_destroying_one_leaves_the_others(self, bench: Bench) -> None:
        one, other = await running(bench), await running(bench)
        await bench.driver.destroy(one.workspace_id)
        left = await shown(bench.driver, other.workspace_id)
        assert left is not None
        assert left.state is InstanceState.RUNNING

    async def test_destroying_while_it_is_created_leaves_nothing(self, bench: Bench) -> None:
        spec = bench.make_spec()
        creating = asyncio.create_task(bench.driver.create(spec))
        await asyncio.sleep(0)
        await bench.driver.destroy(spec.workspace_id)
        await creating
        await bench.driver.destroy(spec.workspace_id)
        assert await shown(bench.driver, spec.workspace_id) is None

    async def test_a_cancelled_create_leaves_something_that_can_be_destroyed(self, bench: Bench) -> None:
        spec = bench.make_spec()
        creating = asyncio.create_task(bench.driver.create(spec))
        await asyncio.sleep(0)
        creating.cancel()
        await asyncio.gather(creating, return_exceptions=True)
        await bench.driver.destroy(spec.workspace_id)
        assert await shown(bench.driver, spec.workspace_id) is None

    async def test_a_cancelled_destroy_can_be_repeated(self, bench: Bench) -> None:
        spec = await running(bench)
        destroying = asyncio.create_task(bench.driver.destroy(spec.workspace_id))
        await asyncio.sleep(0)
        destroying.cancel()
        await asyncio.gather(destroying, return_exceptions=True)
        await bench.driver.destroy(spec.workspace_id)
        assert await shown(bench.driver, spec.workspace_id) is None

    async def test_an_app_that_ended_is_shown_with_a_sentence(self, bench: Bench) -> None:
        spec = await running(bench)
        await bench.crash(spec.workspace_id)
        instance = await until(bench.driver, spec.workspace_id, InstanceState.ENDED)
        assert instance.sentence is not None
        assert instance.sentence.endswith(".")
        assert spec.secret not in instance.sentence

    async def test_an_app_that_ended_is_not_started_again_by_create(self, bench: Bench) -> None:
        spec = await running(bench)
        await bench.crash(spec.workspace_id)
        await until(bench.driver, spec.workspace_id, InstanceState.ENDED)
        await bench.driver.create(spec)
        instance = await shown(bench.driver, spec.workspace_id)
        assert instance is not None
        assert instance.state is InstanceState.ENDED

    async def test_an_app_that_ended_can_be_destroyed(self, bench: Bench) -> None:
        spec = await running(bench)
        await bench.crash(spec.workspace_id)
        await bench.driver.destroy(spec.workspace_id)
        assert await shown(bench.driver, spec.workspace_id) is None

    async def test_instances_survive_the_control_plane_and_are_found_again(self, bench: Bench) -> None:
        spec = await running(bench)
        before = await shown(bench.driver, spec.workspace_id)
        again = await bench.reopen()
        assert await shown(again, spec.workspace_id) == before
        await again.create(spec)
        assert await shown(again, spec.workspace_id) == before
        await again.destroy(spec.workspace_id)
        assert await shown(again, spec.workspace_id) is None

    async def test_an_endpoint_is_not_given_to_the_next_one_at_once(self, bench: Bench) -> None:
        spec = await running(bench)
        former = await shown(bench.driver, spec.workspace_id)
        await bench.driver.destroy(spec.workspace_id)
        again = await bench.reopen()
        following = bench.make_spec()
        await again.create(following)
        instance = await until(again, following.workspace_id, InstanceState.RUNNING)
        assert former is not None
        assert instance.endpoint != former.endpoint

    async def test_another_installations_instances_are_neither_listed_nor_touched(self, bench: Bench) -> None:
        spec = await running(bench)
        stranger = await bench.stranger()
        assert await shown(stranger, spec.workspace_id) is None
        await stranger.destroy(spec.workspace_id)
        left = await shown(bench.driver, spec.workspace_id)
        assert left is not None
        assert left.state is InstanceState.RUNNING


class AttachContract:
    """A home is brought into an instance that runs already, and outlives it."""

    async def test_a_home_comes_into_a_running_instance_with_its_files(self, bench: Bench) -> None:
        first, second, home = await running(bench), await running(bench), new_home_id()
        await attach(bench, first.workspace_id, home)
        await put_file(bench, first.workspace_id, "mine.txt")
        await bench.driver.destroy(first.workspace_id)
        await attach(bench, second.workspace_id, home)
        assert "mine.txt" in await files(bench, second.workspace_id)

    async def test_attaching_twice_is_harmless(self, bench: Bench) -> None:
        spec, home = await running(bench), new_home_id()
        await attach(bench, spec.workspace_id, home)
        await put_file(bench, spec.workspace_id, "mine.txt")
        await attach(bench, spec.workspace_id, home)
        assert await files(bench, spec.workspace_id) >= {"mine.txt"}

    async def test_attaching_leaves_the_app_running_at_its_endpoint(self, bench: Bench) -> None:
        spec = await running(bench)
        before = await shown(bench.driver, spec.workspace_id)
        await attach(bench, spec.workspace_id, new_home_id())
        assert await shown(bench.driver, spec.workspace_id) == before

    async def test_a_warm_instance_sees_no_files_of_a_person(self, bench: Bench) -> None:
        held, warm = await running(bench), await running(bench)
        await attach(bench, held.workspace_id, new_home_id())
        await put_file(bench, held.workspace_id, "mine.txt")
        following = await running(bench)
        assert "mine.txt" not in await files(bench, warm.workspace_id)
        assert "mine.txt" not in await files(bench, following.workspace_id)

    async def test_two_homes_are_kept_apart(self, bench: Bench) -> None:
        one, other = await running(bench), await running(bench)
        await attach(bench, one.workspace_id, new_home_id())
        await attach(bench, other.workspace_id, new_home_id())
        await put_file(bench, one.workspace_id, "mine.txt")
        assert "mine.txt" not in await files(bench, other.workspace_id)

    async def test_a_home_cannot_be_brought_into_what_is_absent(self, bench: Bench) -> None:
        with pytest.raises(Rejected):
            await attach(bench, new_workspace_id(), new_home_id())


class RestartContract:
    async def test_a_restart_keeps_the_endpoint(self, bench: Bench) -> None:
        spec = await running(bench)
        before = await shown(bench.driver, spec.workspace_id)
        await restart(bench, spec)
        after = await until(bench.driver, spec.workspace_id, InstanceState.RUNNING)
        assert before is not None
        assert after.endpoint == before.endpoint

    async def test_the_instance_after_a_restart_is_told_from_the_one_before_by_its_handle(
        self, bench: Bench
    ) -> None:
        spec = await running(bench)
        before = await shown(bench.driver, spec.workspace_id)
        await restart(bench, spec)
        after = await until(bench.driver, spec.workspace_id, InstanceState.RUNNING)
        assert before is not None
        assert after.handle != before.handle

    async def test_a_restart_brings_back_an_app_that_ended(self, bench: Bench) -> None:
        spec = await running(bench)
        await bench.crash(spec.workspace_id)
        await until(bench.driver, spec.workspace_id, InstanceState.ENDED)
        await restart(bench, spec)
        instance = await until(bench.driver, spec.workspace_id, InstanceState.RUNNING)
        assert instance.sentence is None

    async def test_a_restart_keeps_the_home(self, bench: Bench) -> None:
        if bench.put_file is None or not isinstance(bench.driver, Attaches):
            pytest.skip("this driver attaches no homes")
        spec = await running(bench)
        await attach(bench, spec.workspace_id, new_home_id())
        await put_file(bench, spec.workspace_id, "mine.txt")
        await restart(bench, spec)
        await until(bench.driver, spec.workspace_id, InstanceState.RUNNING)
        assert "mine.txt" in await files(bench, spec.workspace_id)


class LogsContract:
    async def test_what_the_app_printed_can_be_read(self, bench: Bench) -> None:
        spec = await running(bench)
        printed = ""
        for _ in range(LOOKS):
            if printed := await logs(bench, spec.workspace_id, 10):
                break
            await asyncio.sleep(PAUSE)
        assert printed
        assert spec.secret not in printed

    async def test_no_more_lines_are_read_than_were_asked_for(self, bench: Bench) -> None:
        spec = await running(bench)
        assert await logs(bench, spec.workspace_id, 0) == ""
        assert len((await logs(bench, spec.workspace_id, 1)).splitlines()) <= 1

    async def test_an_absent_instance_has_printed_nothing(self, bench: Bench) -> None:
        assert await logs(bench, new_workspace_id(), 10) == ""


class RejectsContract:
    """For drivers that look at a recipe before they take it."""

    @pytest.fixture
    def impossible(self) -> Spec:
        raise NotImplementedError("give the suite a recipe that can never work")

    async def test_a_recipe_that_can_never_work_is_rejected_and_leaves_nothing(
        self, bench: Bench, impossible: Spec
    ) -> None:
        with pytest.raises(Rejected) as refused:
            await bench.driver.create(impossible)
        assert refused.value.sentence
        assert impossible.secret not in refused.value.sentence
        assert await shown(bench.driver, impossible.workspace_id) is None


async def attach(bench: Bench, workspace_id: WorkspaceId, home_id: HomeId) -> None:
    assert isinstance(bench.driver, Attaches)
    await bench.driver.attach(workspace_id, home_id)


async def restart(bench: Bench, spec: Spec) -> None:
    assert isinstance(bench.driver, Restarts)
    await bench.driver.restart(spec)


async def logs(bench: Bench, workspace_id: WorkspaceId, lines: int) -> str:
    assert isinstance(bench.driver, Logs)
    return await bench.driver.logs(workspace_id, lines)


async def put_file(bench: Bench, workspace_id: WorkspaceId, name: str) -> None:
    assert bench.put_file is not None, "AttachContract needs bench.put_file"
    await bench.put_file(workspace_id, name)


async def files(bench: Bench, workspace_id: WorkspaceId) -> set[str]:
    assert bench.files is not None, "AttachContract needs bench.files"
    return await bench.files(workspace_id)


async def leave_nothing(driver: Driver) -> None:
    """For the end of a test: removes whatever the driver still lists."""
    for instance in await driver.list():
        try:
            await driver.destroy(instance.workspace_id)
        except DriverError as problem:
            pytest.fail(f"{instance.workspace_id} could not be removed: {problem.sentence}")
    await driver.aclose()
