"""What every driver must do that brings a person's settings into a running instance, or runs commands in one, as test classes beside
those of `driver_contract`.

    class TestMine(DriverContract, DeliveryContract, RunContract):
        @pytest.fixture
        async def bench(self, tmp_path): ...yield Bench(...)

`DeliveryContract` needs `environment` and `everything` of the bench; `RunContract` a POSIX shell in the instances.
"""

import asyncio

import pytest

from carrel import mint
from carrel.domain.delivery import Delivery
from carrel.domain.ids import WorkspaceId
from carrel.ports.driver import (
    Delivers,
    DriverUnavailable,
    InstanceState,
    Ran,
    Rejected,
    Restarts,
    Runs,
    TookTooLong,
)
from carrel.testing.driver_contract import LOOKS, PAUSE, Bench, new_workspace_id, running, until

PLENTY = 30.0
"""Seconds for what takes a moment."""


def somebodys() -> Delivery:
    """Every value is to be found nowhere else."""
    return Delivery(
        {
            "CARREL_TEST_NAME": mint.new_secret(),
            "CARREL_TEST_SECRET": f'it\'s "{mint.new_secret()}"\n$HOME `x` \\',
        },
        {"gitconfig": f"[user]\n\tname = {mint.new_secret()}\n", "secrets/key": mint.new_secret()},
    )


class DeliveryContract:
    async def test_what_is_warm_holds_nothing_of_anybody(self, bench: Bench) -> None:
        held, theirs = await running(bench), somebodys()
        await deliver(bench, held.workspace_id, theirs)
        warm = await running(bench)
        assert found_of(theirs, await everything(bench, warm.workspace_id)) == set()
        assert not await environment(bench, warm.workspace_id) & theirs.environment.items()

    async def test_what_is_started_afterwards_has_what_was_delivered(self, bench: Bench) -> None:
        spec, theirs = await running(bench), somebodys()
        assert not await environment(bench, spec.workspace_id) & theirs.environment.items()
        await deliver(bench, spec.workspace_id, theirs)
        assert await environment(bench, spec.workspace_id) >= theirs.environment.items()

    async def test_delivering_leaves_the_app_running_as_it_was(self, bench: Bench) -> None:
        spec = await running(bench)
        before = await until(bench.driver, spec.workspace_id, InstanceState.RUNNING)
        await deliver(bench, spec.workspace_id, somebodys())
        assert await until(bench.driver, spec.workspace_id, InstanceState.RUNNING) == before

    async def test_a_delivery_takes_the_place_of_the_former_one_whole(self, bench: Bench) -> None:
        spec, first, second = await running(bench), somebodys(), Delivery({"CARREL_TEST_OTHER": "2"})
        await deliver(bench, spec.workspace_id, first)
        await deliver(bench, spec.workspace_id, second)
        assert found_of(first, await everything(bench, spec.workspace_id)) == set()
        assert not await environment(bench, spec.workspace_id) & first.environment.items()
        assert await environment(bench, spec.workspace_id) >= second.environment.items()

    async def test_delivering_twice_is_harmless(self, bench: Bench) -> None:
        spec, theirs = await running(bench), somebodys()
        await asyncio.gather(*(deliver(bench, spec.workspace_id, theirs) for _ in range(3)))
        assert await environment(bench, spec.workspace_id) >= theirs.environment.items()

    async def test_two_deliveries_are_kept_apart(self, bench: Bench) -> None:
        one, other, theirs = await running(bench), await running(bench), somebodys()
        await deliver(bench, one.workspace_id, theirs)
        await deliver(bench, other.workspace_id, somebodys())
        assert found_of(theirs, await everything(bench, other.workspace_id)) == set()

    async def test_destroying_leaves_nothing_of_what_was_delivered(self, bench: Bench) -> None:
        spec, theirs = await running(bench), somebodys()
        await deliver(bench, spec.workspace_id, theirs)
        await bench.driver.destroy(spec.workspace_id)
        assert await everything(bench, spec.workspace_id) == ""

    async def test_an_id_that_is_used_again_has_nothing_of_the_former_one(self, bench: Bench) -> None:
        spec, theirs = await running(bench), somebodys()
        await deliver(bench, spec.workspace_id, theirs)
        await bench.driver.destroy(spec.workspace_id)
        await bench.driver.create(spec)
        await until(bench.driver, spec.workspace_id, InstanceState.RUNNING)
        assert found_of(theirs, await everything(bench, spec.workspace_id)) == set()
        assert not await environment(bench, spec.workspace_id) & theirs.environment.items()

    async def test_a_restart_keeps_what_was_delivered(self, bench: Bench) -> None:
        if not isinstance(bench.driver, Restarts):
            pytest.skip("this driver restarts nothing")
        spec, theirs = await running(bench), somebodys()
        await deliver(bench, spec.workspace_id, theirs)
        await bench.driver.restart(spec)
        await until(bench.driver, spec.workspace_id, InstanceState.RUNNING)
        assert await environment(bench, spec.workspace_id) >= theirs.environment.items()

    async def test_a_delivery_survives_the_control_plane(self, bench: Bench) -> None:
        spec, theirs = await running(bench), somebodys()
        await deliver(bench, spec.workspace_id, theirs)
        await bench.reopen()
        assert await environment(bench, spec.workspace_id) >= theirs.environment.items()

    async def test_nothing_can_be_delivered_to_what_is_absent(self, bench: Bench) -> None:
        with pytest.raises(Rejected):
            await deliver(bench, new_workspace_id(), somebodys())

    async def test_nothing_can_be_delivered_to_somebody_elses_instance(self, bench: Bench) -> None:
        spec, stranger = await running(bench), await bench.stranger()
        assert isinstance(stranger, Delivers)
        with pytest.raises(Rejected):
            await stranger.deliver(spec.workspace_id, somebodys())

    @pytest.mark.parametrize("path", ["/etc/passwd", "../outside", "a/../../outside", "", "a\0b"])
    async def test_a_path_that_leads_outside_is_refused_and_changes_nothing(
        self, bench: Bench, path: str
    ) -> None:
        spec, theirs = await running(bench), somebodys()
        await deliver(bench, spec.workspace_id, theirs)
        with pytest.raises(Rejected):
            await deliver(bench, spec.workspace_id, Delivery({"CARREL_TEST_OTHER": "2"}, {path: "text"}))
        assert await environment(bench, spec.workspace_id) >= theirs.environment.items()

    @pytest.mark.parametrize("name", ["", "A=B", "A B", "1A", "A-B", "A;true", "A\n"])
    async def test_what_is_no_name_of_a_variable_is_refused(self, bench: Bench, name: str) -> None:
        spec, value = await running(bench), mint.new_secret()
        with pytest.raises(Rejected) as refused:
            await deliver(bench, spec.workspace_id, Delivery({name: value}))
        assert value not in refused.value.sentence


class RunContract:
    """For drivers whose instances have a POSIX shell, and a bench with `files`."""

    async def test_a_command_is_told_of_by_its_end_and_its_last_lines(self, bench: Bench) -> None:
        spec = await running(bench)
        ran = await run(bench, spec.workspace_id, "echo one; echo two >&2; exit 3")
        assert ran == Ran(3, "one\ntwo\n")

    async def test_a_command_has_what_was_delivered_and_is_in_the_home(self, bench: Bench) -> None:
        spec, theirs = await running(bench), somebodys()
        await deliver(bench, spec.workspace_id, theirs)
        ran = await run(bench, spec.workspace_id, 'printf %s "$CARREL_TEST_SECRET"; echo made > here.txt')
        assert ran == Ran(0, theirs.environment["CARREL_TEST_SECRET"])
        assert bench.files is not None
        assert "here.txt" in await bench.files(spec.workspace_id)

    async def test_only_the_end_of_a_long_output_is_kept(self, bench: Bench) -> None:
        spec = await running(bench)
        ran = await run(bench, spec.workspace_id, "yes filling | head -n 200000; echo last")
        assert ran.output.endswith("filling\nlast\n")
        assert len(ran.output) <= 1_000_000

    async def test_a_command_that_takes_too_long_is_ended_with_all_it_started(self, bench: Bench) -> None:
        spec = await running(bench)
        script = "echo begun; (trap '' TERM HUP; sleep 1.2; echo late > late.txt) & sleep 300"
        with pytest.raises(TookTooLong) as late:
            await run(bench, spec.workspace_id, script, seconds=0.5)
        assert late.value.output == "begun\n"
        await asyncio.sleep(1)
        assert bench.files is not None
        assert "late.txt" not in await bench.files(spec.workspace_id)

    async def test_a_command_that_nobody_waits_for_any_more_is_ended(self, bench: Bench) -> None:
        spec = await running(bench)
        waiting = asyncio.create_task(run(bench, spec.workspace_id, "echo > begun.txt; sleep 300"))
        await until_there_is(bench, spec.workspace_id, "begun.txt")
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert (await run(bench, spec.workspace_id, "echo free")).output == "free\n"

    async def test_a_command_ends_with_its_workspace(self, bench: Bench) -> None:
        spec = await running(bench)
        waiting = asyncio.create_task(run(bench, spec.workspace_id, "echo > begun.txt; sleep 300"))
        await until_there_is(bench, spec.workspace_id, "begun.txt")
        await bench.driver.destroy(spec.workspace_id)
        [outcome] = await asyncio.gather(waiting, return_exceptions=True)
        assert isinstance(outcome, DriverUnavailable | Ran), outcome
        assert not isinstance(outcome, Ran) or outcome.code != 0

    async def test_a_command_that_is_not_there_is_rejected(self, bench: Bench) -> None:
        spec = await running(bench)
        assert isinstance(bench.driver, Runs)
        with pytest.raises(Rejected):
            await bench.driver.run(spec.workspace_id, ["no-such-program-anywhere"], seconds=PLENTY)

    async def test_nothing_runs_in_what_is_absent(self, bench: Bench) -> None:
        with pytest.raises(Rejected):
            await run(bench, new_workspace_id(), "true")

    async def test_the_app_is_as_it_was_after_a_command(self, bench: Bench) -> None:
        spec = await running(bench)
        before = await until(bench.driver, spec.workspace_id, InstanceState.RUNNING)
        await run(bench, spec.workspace_id, "true")
        assert await until(bench.driver, spec.workspace_id, InstanceState.RUNNING) == before


async def deliver(bench: Bench, workspace_id: WorkspaceId, delivery: Delivery) -> None:
    assert isinstance(bench.driver, Delivers)
    await bench.driver.deliver(workspace_id, delivery)


async def run(bench: Bench, workspace_id: WorkspaceId, script: str, *, seconds: float = PLENTY) -> Ran:
    assert isinstance(bench.driver, Runs)
    return await bench.driver.run(workspace_id, ["sh", "-c", script], seconds=seconds)


async def everything(bench: Bench, workspace_id: WorkspaceId) -> str:
    assert bench.everything is not None, "DeliveryContract needs bench.everything"
    return await bench.everything(workspace_id)


async def environment(bench: Bench, workspace_id: WorkspaceId) -> set[tuple[str, str]]:
    assert bench.environment is not None, "DeliveryContract needs bench.environment"
    return set((await bench.environment(workspace_id)).items())


async def until_there_is(bench: Bench, workspace_id: WorkspaceId, name: str) -> None:
    assert bench.files is not None
    for _ in range(LOOKS):
        if name in await bench.files(workspace_id):
            return
        await asyncio.sleep(PAUSE)
    pytest.fail(f"there was never a {name}")


def found_of(delivery: Delivery, text: str) -> set[str]:
    """Which parts of its values stand in the text, however they are written down there."""
    values = [
        part for value in (*delivery.environment.values(), *delivery.files.values()) for part in words(value)
    ]
    return {part for part in values if part in text}


def words(value: str) -> list[str]:
    return [word for word in value.replace('"', " ").split() if len(word) > 12]
