"""What every driver must do that takes homes out again and keeps their files, as a test class beside those of `driver_contract`.

    class TestMine(DriverContract, AttachContract, HomeContract):
        @pytest.fixture
        async def bench(self, tmp_path): ...yield Bench(...)

Where a bench says nothing of `saved_at_end` or `place_of_home`, what needs them is skipped.
"""

import asyncio
import io
import socket
import tarfile
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Protocol, cast

import pytest

from carrel.domain.ids import HomeId, WorkspaceId
from carrel.ports.driver import Attaches, Detaches, Driver, InstanceState, KeepsHomes, Logs, Rejected
from carrel.testing.driver_contract import (
    LOOKS,
    PAUSE,
    Bench,
    attach,
    files,
    logs,
    new_home_id,
    new_workspace_id,
    put_file,
    running,
    shown,
)


class Keeper(Driver, Attaches, Detaches, KeepsHomes, Protocol):
    """All that this contract is about."""


class HomeContract:
    async def test_what_was_saved_is_in_the_next_one_once_it_was_taken_out(self, bench: Bench) -> None:
        first, second, home = await running(bench), await running(bench), new_home_id()
        await attach(bench, first.workspace_id, home)
        await put_file(bench, first.workspace_id, "mine.txt")
        await detach(bench, first.workspace_id)
        await attach(bench, second.workspace_id, home)
        assert "mine.txt" in await files(bench, second.workspace_id)

    async def test_what_the_app_saved_at_its_very_end_is_there(self, bench: Bench) -> None:
        if bench.saved_at_end is None:
            pytest.skip("its apps save nothing at their end")
        first, second, home = await running(bench), await running(bench), new_home_id()
        await attach(bench, first.workspace_id, home)
        await until_it_printed(bench, first.workspace_id)
        await detach(bench, first.workspace_id)
        await attach(bench, second.workspace_id, home)
        assert bench.saved_at_end in await files(bench, second.workspace_id)

    async def test_the_app_has_ended_when_its_home_is_out(self, bench: Bench) -> None:
        workspace_id, _ = await with_a_file(bench)
        await detach(bench, workspace_id)
        instance = await shown(bench.driver, workspace_id)
        assert instance is None or instance.state is not InstanceState.RUNNING

    async def test_a_home_that_is_out_cannot_be_reached_through_the_instance(self, bench: Bench) -> None:
        workspace_id, _ = await with_a_file(bench)
        await detach(bench, workspace_id)
        assert "mine.txt" not in await files(bench, workspace_id)

    async def test_nothing_is_brought_into_an_instance_that_let_its_home_out(self, bench: Bench) -> None:
        """Whoever was to hand it over may be late; the home is in another workspace by then."""
        workspace_id, home = await with_a_file(bench)
        await detach(bench, workspace_id)
        for each in (home, new_home_id()):
            with pytest.raises(Rejected):
                await attach(bench, workspace_id, each)
        assert "mine.txt" not in await files(bench, workspace_id)

    async def test_nothing_is_brought_into_an_instance_that_had_no_home_and_was_ended(
        self, bench: Bench
    ) -> None:
        spec = await running(bench)
        await detach(bench, spec.workspace_id)
        with pytest.raises(Rejected):
            await attach(bench, spec.workspace_id, new_home_id())

    async def test_taking_out_of_what_is_absent_is_success(self, bench: Bench) -> None:
        await detach(bench, new_workspace_id())

    async def test_taking_out_twice_is_harmless(self, bench: Bench) -> None:
        workspace_id, home = await with_a_file(bench)
        await detach(bench, workspace_id)
        await detach(bench, workspace_id)
        assert await names_in(bench, home) >= {"mine.txt"}

    async def test_taking_out_at_the_same_time_is_harmless(self, bench: Bench) -> None:
        some = [await with_a_file(bench) for _ in range(3)]
        await asyncio.gather(
            *(detach(bench, workspace_id) for workspace_id, _ in some for _ in range(2)),
            *(bench.driver.destroy(workspace_id) for workspace_id, _ in some[:1]),
        )
        for _, home in some:
            assert await names_in(bench, home) >= {"mine.txt"}

    async def test_taking_out_that_was_given_up_can_be_repeated(self, bench: Bench) -> None:
        workspace_id, home = await with_a_file(bench)
        leaving = asyncio.create_task(detach(bench, workspace_id))
        await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
        await detach(bench, workspace_id)
        assert await names_in(bench, home) >= {"mine.txt"}

    async def test_the_next_control_plane_can_take_it_out(self, bench: Bench) -> None:
        workspace_id, home = await with_a_file(bench)
        again = cast("Keeper", await bench.reopen())
        assert again.home_place == keeper(bench).home_place
        await again.detach(workspace_id)
        await again.destroy(workspace_id)
        assert await names_in(bench, home) >= {"mine.txt"}

    async def test_another_installation_takes_nothing_out(self, bench: Bench) -> None:
        workspace_id, _ = await with_a_file(bench)
        await cast("Keeper", await bench.stranger()).detach(workspace_id)
        instance = await shown(bench.driver, workspace_id)
        assert instance is not None
        assert instance.state is InstanceState.RUNNING
        assert "mine.txt" in await files(bench, workspace_id)

    async def test_a_home_outlives_its_instance_whether_it_was_taken_out_before_or_not(
        self, bench: Bench
    ) -> None:
        some = [await with_a_file(bench), await with_a_file(bench)]
        await detach(bench, some[0][0])
        for workspace_id, home in some:
            await bench.driver.destroy(workspace_id)
            assert await names_in(bench, home) >= {"mine.txt"}

    async def test_an_instance_is_removed_with_links_to_homes_in_it_and_the_homes_stay(
        self, bench: Bench
    ) -> None:
        (one, home), (other, kept) = await with_a_file(bench), await with_a_file(bench)
        (place(bench, home) / "to another").symlink_to(place(bench, kept))
        await detach(bench, one)
        await bench.driver.destroy(one)
        await bench.driver.destroy(other)
        assert await names_in(bench, kept) >= {"mine.txt"}
        assert await names_in(bench, home) >= {"mine.txt", "to another"}

    # files apart from any instance

    async def test_a_home_is_measured_with_and_without_an_instance(self, bench: Bench) -> None:
        workspace_id, home = await with_a_file(bench)
        assert await keeper(bench).measure_home(home) > 0
        await detach(bench, workspace_id)
        assert await keeper(bench).measure_home(home) > 0

    async def test_a_home_that_is_not_there_is_empty(self, bench: Bench) -> None:
        home = new_home_id()
        assert await keeper(bench).measure_home(home) == 0
        assert await names_in(bench, home) == set()
        await keeper(bench).remove_home(home)

    async def test_an_archive_that_is_left_half_way_harms_nothing(self, bench: Bench) -> None:
        _, home = await with_a_file(bench)
        bits = cast("AsyncGenerator[bytes, None]", keeper(bench).archive_home(home))
        async with aclosing(bits):
            async for _ in bits:
                break
        assert await names_in(bench, home) >= {"mine.txt"}

    async def test_an_archive_is_unpacked_with_its_links_as_links(self, bench: Bench, tmp_path: Path) -> None:
        _, home = await with_a_file(bench)
        inside = place(bench, home)
        (inside / "deep").mkdir()
        (inside / "deep" / "ünïcode and blank.txt").write_text("deep")
        (inside / "out").symlink_to("/etc")
        (inside / "gone").symlink_to("nowhere")
        (inside / "twin").hardlink_to(inside / "deep" / "ünïcode and blank.txt")
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(inside / "s"))
            packed = await archive(bench, home)
        with tarfile.open(fileobj=io.BytesIO(packed)) as opened:
            kinds = {entry.name: entry.type for entry in opened}
            assert not any(name.startswith(("out/", "/")) for name in kinds)
            assert "s" not in kinds
            assert opened.getmember("out").linkname == "/etc"
            assert kinds["gone"] == tarfile.SYMTYPE
            opened.extractall(tmp_path / "unpacked", filter="fully_trusted")  # noqa: S202 - ours
        for name in ("deep/ünïcode and blank.txt", "twin"):
            assert (tmp_path / "unpacked" / name).read_text() == "deep"

    async def test_a_home_is_removed_without_following_its_links(self, bench: Bench, tmp_path: Path) -> None:
        workspace_id, home = await with_a_file(bench)
        (tmp_path / "precious").mkdir()
        (tmp_path / "precious" / "file").write_text("precious")
        (place(bench, home) / "link").symlink_to(tmp_path / "precious")
        await detach(bench, workspace_id)
        await bench.driver.destroy(workspace_id)
        await keeper(bench).remove_home(home)
        assert not place(bench, home).exists()
        assert (tmp_path / "precious" / "file").read_text() == "precious"

    async def test_a_home_that_is_removed_takes_no_other_with_it_and_is_empty_ever_after(
        self, bench: Bench
    ) -> None:
        (one, home), (_, kept) = await with_a_file(bench), await with_a_file(bench)
        await detach(bench, one)
        await keeper(bench).remove_home(home)
        await keeper(bench).remove_home(home)
        assert await names_in(bench, home) == set()
        assert await names_in(bench, kept) >= {"mine.txt"}


def keeper(bench: Bench) -> Keeper:
    driver = bench.driver
    assert isinstance(driver, Attaches), "HomeContract needs a driver that attaches"
    assert isinstance(driver, Detaches), "HomeContract needs a driver that detaches"
    assert isinstance(driver, KeepsHomes), "HomeContract needs a driver that keeps homes"
    assert driver.home_place
    return cast("Keeper", driver)


async def detach(bench: Bench, workspace_id: WorkspaceId) -> None:
    await keeper(bench).detach(workspace_id)


async def with_a_file(bench: Bench) -> tuple[WorkspaceId, HomeId]:
    spec, home = await running(bench), new_home_id()
    await attach(bench, spec.workspace_id, home)
    await put_file(bench, spec.workspace_id, "mine.txt")
    return spec.workspace_id, home


async def until_it_printed(bench: Bench, workspace_id: WorkspaceId) -> None:
    """Then it has begun, and heeds what it is told."""
    for _ in range(LOOKS if isinstance(bench.driver, Logs) else 0):
        if await logs(bench, workspace_id, 1):
            return
        await asyncio.sleep(PAUSE)


def place(bench: Bench, home: HomeId) -> Path:
    if bench.place_of_home is None:
        pytest.skip("its homes are no directories of this machine")
    return bench.place_of_home(home)


async def archive(bench: Bench, home: HomeId) -> bytes:
    async with asyncio.timeout(LOOKS * PAUSE):
        return b"".join([bit async for bit in keeper(bench).archive_home(home)])


async def names_in(bench: Bench, home: HomeId) -> set[str]:
    with tarfile.open(fileobj=io.BytesIO(await archive(bench, home))) as opened:
        return set(opened.getnames())
