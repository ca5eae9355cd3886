"""The contract of drivers that bring a home in only as an instance starts: what was saved is in the next one that is started with it."""

from dataclasses import replace
from typing import Protocol, cast

from carrel.domain.ids import HomeId
from carrel.ports.driver import (
    Attaches,
    Detaches,
    Driver,
    InstanceState,
    KeepsHomes,
    Spec,
    StartsWithHome,
    brings_files_at_start,
)
from carrel.testing.driver_contract import Bench, files, new_home_id, put_file, restart, until


class Starter(Driver, StartsWithHome, Detaches, KeepsHomes, Protocol):
    """All that this contract is about."""


class StartsWithHomeContract:
    async def test_it_says_why_and_attaches_none_later(self, bench: Bench) -> None:
        assert not isinstance(bench.driver, Attaches)
        assert brings_files_at_start(bench.driver)
        assert starter(bench).starts_with_home.strip()
        assert starter(bench).home_place

    async def test_what_was_saved_is_in_the_next_one_that_starts_with_it(self, bench: Bench) -> None:
        home = new_home_id()
        first = await started_with(bench, home)
        await put_file(bench, first.workspace_id, "mine.txt")
        await starter(bench).detach(first.workspace_id)
        await bench.driver.destroy(first.workspace_id)
        second = await started_with(bench, home)
        assert "mine.txt" in await files(bench, second.workspace_id)

    async def test_what_starts_with_another_home_or_with_none_sees_nothing_of_it(self, bench: Bench) -> None:
        first = await started_with(bench, new_home_id())
        await put_file(bench, first.workspace_id, "mine.txt")
        for home in (new_home_id(), None):
            other = await started_with(bench, home)
            assert "mine.txt" not in await files(bench, other.workspace_id)

    async def test_destroying_without_taking_out_keeps_the_files(self, bench: Bench) -> None:
        home = new_home_id()
        first = await started_with(bench, home)
        await put_file(bench, first.workspace_id, "mine.txt")
        await bench.driver.destroy(first.workspace_id)
        second = await started_with(bench, home)
        assert "mine.txt" in await files(bench, second.workspace_id)

    async def test_a_restart_keeps_the_files(self, bench: Bench) -> None:
        spec = await started_with(bench, new_home_id())
        await put_file(bench, spec.workspace_id, "mine.txt")
        await restart(bench, spec)
        await until(bench.driver, spec.workspace_id, InstanceState.RUNNING)
        assert "mine.txt" in await files(bench, spec.workspace_id)

    async def test_a_home_that_is_removed_is_empty_ever_after(self, bench: Bench) -> None:
        home = new_home_id()
        first = await started_with(bench, home)
        await put_file(bench, first.workspace_id, "mine.txt")
        await starter(bench).detach(first.workspace_id)
        await bench.driver.destroy(first.workspace_id)
        await starter(bench).remove_home(home)
        await starter(bench).remove_home(home)
        assert await starter(bench).measure_home(home) == 0
        second = await started_with(bench, home)
        assert "mine.txt" not in await files(bench, second.workspace_id)


def starter(bench: Bench) -> Starter:
    driver = bench.driver
    assert isinstance(driver, StartsWithHome), "StartsWithHomeContract needs a driver that starts with homes"
    assert isinstance(driver, Detaches), "StartsWithHomeContract needs a driver that detaches"
    assert isinstance(driver, KeepsHomes), "StartsWithHomeContract needs a driver that keeps homes"
    return cast("Starter", driver)


async def started_with(bench: Bench, home: HomeId | None) -> Spec:
    spec = replace(bench.make_spec(), home_id=home)
    await bench.driver.create(spec)
    await until(bench.driver, spec.workspace_id, InstanceState.RUNNING)
    return spec
