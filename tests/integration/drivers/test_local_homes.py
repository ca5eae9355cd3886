"""Homes of the `local` driver as directories of this machine: what they are kept from, and what cannot spoil an archive."""

import io
import os
import stat
import subprocess
import tarfile
import threading
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import cast

import pytest

from carrel.domain.ids import HomeId, WorkspaceId
from carrel.drivers.local.driver import LocalDriver
from carrel.drivers.ondisk import packing, removing
from carrel.ports.driver import DriverUnavailable, Rejected
from carrel.testing.driver_contract import new_home_id

from .place import Eventually, Local, fill

SLEEPS = "import time; print('up', flush=True); time.sleep(60)"


async def a_home(local: Local, driver: LocalDriver) -> tuple[WorkspaceId, HomeId, Path]:
    workspace_id, home = await local.start(driver, local.spec(SLEEPS)), new_home_id()
    await driver.attach(workspace_id, home)
    place = local.state / "homes" / home
    (place / "mine.txt").write_text("mine")
    return workspace_id, home, place


async def unpacked(driver: LocalDriver, home: HomeId) -> dict[str, bytes]:
    """The regular files in the archive."""
    packed = b"".join([bit async for bit in driver.archive_home(home)])
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        files = {entry.name: archive.extractfile(entry) for entry in archive if entry.isreg()}
        return {name: file.read() for name, file in files.items() if file is not None}


async def test_a_home_is_closed_to_others_and_beside_the_slots(local: Local) -> None:
    _, _, place = await a_home(local, local.open())
    assert place.stat().st_mode & 0o777 == 0o700
    assert not place.resolve().is_relative_to((local.state / "slots").resolve())


async def test_a_home_that_a_slot_still_leads_to_is_not_removed(local: Local) -> None:
    driver = local.open()
    workspace_id, home, place = await a_home(local, driver)
    with pytest.raises(DriverUnavailable, match=workspace_id):
        await driver.remove_home(home)
    assert (place / "mine.txt").read_text() == "mine"
    await driver.detach(workspace_id)
    await driver.remove_home(home)
    assert not place.exists()


async def test_a_home_with_a_mount_below_it_is_left_alone_and_the_mount_is_named(
    local: Local, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = local.open()
    workspace_id, home, place = await a_home(local, driver)
    await driver.destroy(workspace_id)
    table = tmp_path / "mountinfo"
    table.write_text(f"99 27 0:50 / {place.resolve()}/data rw - tmpfs tmpfs rw\n")
    monkeypatch.setattr(removing, "MOUNTS", table)
    with pytest.raises(
        DriverUnavailable, match=f"{home}/data is a mount point, so home {home} is not removed"
    ):
        await driver.remove_home(home)
    assert (place / "mine.txt").read_text() == "mine"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
async def test_a_slot_into_which_a_home_was_mounted_is_not_removed_with_it(local: Local) -> None:
    driver = local.open()
    workspace_id, _, place = await a_home(local, driver)
    target = local.slot(workspace_id) / "data" / "mounted"
    target.mkdir()
    if subprocess.run(["mount", "--bind", place, target], check=False, capture_output=True).returncode:
        pytest.skip("this machine allows no mounts")
    try:
        await driver.detach(workspace_id)
        with pytest.raises(DriverUnavailable, match="mounted is a mount point"):
            await driver.destroy(workspace_id)
    finally:
        subprocess.run(["umount", str(target)], check=True)
    await driver.destroy(workspace_id)
    assert (place / "mine.txt").read_text() == "mine"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
async def test_a_home_on_a_full_disk_comes_out_all_the_same(local: Local) -> None:
    local.state.mkdir()
    small = ["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(local.state)]
    if subprocess.run(small, check=False, capture_output=True).returncode:
        pytest.skip("this machine allows no mounts")
    try:
        driver = local.open()
        workspace_id, _, place = await a_home(local, driver)
        fill(place / "huge")
        await driver.detach(workspace_id)
        with pytest.raises(Rejected):
            await driver.attach(workspace_id, new_home_id())
        await driver.destroy(workspace_id)
        assert (place / "mine.txt").read_text() == "mine"
        await driver.aclose()
    finally:
        subprocess.run(["umount", str(local.state)], check=True)


async def test_a_home_that_is_a_link_loses_only_the_link(local: Local, tmp_path: Path) -> None:
    driver, home = local.open(), new_home_id()
    (tmp_path / "precious").write_text("precious")
    (local.state / "homes" / home).symlink_to(tmp_path)
    assert await driver.measure_home(home) == 0
    assert await unpacked(driver, home) == {}
    await driver.remove_home(home)
    assert (tmp_path / "precious").read_text() == "precious"


async def test_a_home_is_measured_without_its_links_and_a_file_of_two_names_once(
    local: Local, tmp_path: Path
) -> None:
    driver = local.open()
    _, home, place = await a_home(local, driver)
    before = await driver.measure_home(home)
    (tmp_path / "huge").write_bytes(b"x" * 10_000_000)
    (place / "link").symlink_to(tmp_path / "huge")
    assert await driver.measure_home(home) < before + 100_000
    (place / "big").write_bytes(b"x" * 1_000_000)
    (place / "twin").hardlink_to(place / "big")
    assert before + 1_000_000 <= await driver.measure_home(home) < before + 1_200_000


async def test_what_is_no_file_neither_holds_up_an_archive_nor_is_in_it(local: Local) -> None:
    driver = local.open()
    _, home, place = await a_home(local, driver)
    os.mkfifo(place / "pipe")
    os.mknod(place / "socket", stat.S_IFSOCK | 0o600)
    assert await unpacked(driver, home) == {"mine.txt": b"mine"}


async def test_a_file_that_shrinks_or_vanishes_while_it_is_packed_spoils_nothing(
    local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = local.open()
    _, home, place = await a_home(local, driver)
    for name in ("a", "b", "c"):
        (place / name).write_bytes(b"x" * 300_000)
    entry_of = packing._entry

    def meanwhile(inside: str, found: os.stat_result) -> tarfile.TarInfo:
        if inside == "b":
            (place / "b").unlink()
        if inside == "c":
            os.truncate(place / "c", 10)
        return entry_of(inside, found)

    monkeypatch.setattr(packing, "_entry", meanwhile)
    files = await unpacked(driver, home)
    assert sorted(files) == ["a", "c", "mine.txt"]
    assert files["a"] == b"x" * 300_000


async def test_an_archive_waits_for_its_reader_and_ends_with_it(local: Local, eventually: Eventually) -> None:
    driver = local.open()
    _, home, place = await a_home(local, driver)
    (place / "noise").write_bytes(os.urandom(5_000_000))

    def count() -> int:
        return sum(one.name == "carrel-packing" for one in threading.enumerate())

    async with aclosing(cast("AsyncGenerator[bytes, None]", driver.archive_home(home))) as bits:
        read = len(await anext(bits))
        assert count() == 1
        assert read <= packing.CHUNK
    await eventually(lambda: count() == 0)
    assert len(b"".join([bit async for bit in driver.archive_home(home)])) > 5_000_000


async def test_a_home_that_cannot_be_read_is_said_to_be_so_and_never_half_an_archive(
    local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = local.open()
    _, home, _ = await a_home(local, driver)

    def broken(*_: object) -> None:
        raise OSError(5, "Input/output error", "mine.txt")

    monkeypatch.setattr(packing, "_add_file", broken)
    with pytest.raises(DriverUnavailable, match=r"cannot be read: Input/output error \(mine\.txt\)"):
        await unpacked(driver, home)


@pytest.mark.parametrize("verb", ["measure_home", "remove_home", "archive_home"])
async def test_only_an_id_names_a_home(local: Local, verb: str) -> None:
    driver = local.open()
    with pytest.raises(Rejected):
        await getattr(driver, verb)(HomeId("../slots"))


async def test_a_home_that_is_a_volume_of_an_engine_is_left_to_its_engine(local: Local) -> None:
    driver, home = local.open(), new_home_id()
    workspace_id = await local.start(driver, local.spec(SLEEPS))
    note = local.state / "homes" / f"{home}.volume"
    note.write_text("jupyterhub-user-alice")
    for refused in (
        driver.attach(workspace_id, home),
        driver.measure_home(home),
        unpacked(driver, home),
        driver.remove_home(home),
    ):
        with pytest.raises(DriverUnavailable, match="a volume of a container engine"):
            await refused
    assert note.exists()
    assert not (local.state / "homes" / home).exists()
