"""How homes are mounted, without an engine: owners, what stands in the way, what is left behind, what is busy."""

import asyncio
import errno
import os
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.docker.killed_mounts import OWNER, no_volume, plan
from tests.docker_engine import mounts_below

from carrel.domain.ids import HomeId, WorkspaceId
from carrel.drivers.docker.homes import kernel
from carrel.drivers.docker.homes.mounts import FileOwner, SlotPlan
from carrel.drivers.docker.homes.own_mounts import OwnMounts
from carrel.drivers.ondisk.mountinfo import mounted
from carrel.drivers.ondisk.removing import remove_tree
from carrel.ports.driver import DriverUnavailable, Rejected
from carrel.testing.driver_contract import new_home_id, new_workspace_id

CARREL = FileOwner(4242, 4243)


@pytest.fixture
async def mounts(place: Path) -> AsyncIterator[OwnMounts]:
    """Carrel is somebody who is neither root nor the app."""
    os.chown(place / "homes", CARREL.uid, CARREL.gid)
    mounts = OwnMounts(place / "slots", place / "homes", no_volume)
    yield mounts
    await mounts.aclose()


async def slot(mounts: OwnMounts, place: Path) -> tuple[WorkspaceId, Path]:
    workspace_id = new_workspace_id()
    return workspace_id, Path(await mounts.make_slot(workspace_id, plan(place)))


def owner(path: Path) -> FileOwner:
    return FileOwner(path.lstat().st_uid, path.lstat().st_gid)


async def test_several_first_ones_at_once_share_the_slots_once_and_none_is_there_before(
    mounts: OwnMounts, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bind = kernel.bind

    def slowly(directory: str) -> None:
        bind(directory)
        time.sleep(0.1)

    monkeypatch.setattr(kernel, "bind", slowly)

    async def first() -> list[bool]:
        await slot(mounts, place)
        return [each.is_shared for each in mounted() if each.point == os.fsencode(place / "slots")]

    assert await asyncio.gather(*(first() for _ in range(4))) == [[True]] * 4


async def test_owners_change_places_in_the_mount_and_stay_on_the_disk(mounts: OwnMounts, place: Path) -> None:
    workspace_id, shown = await slot(mounts, place)
    assert owner(shown) == OWNER
    await mounts.bring_in(workspace_id, home := new_home_id())
    (shown / "new.txt").touch()
    os.chown(shown / "new.txt", OWNER.uid, OWNER.gid)
    assert owner(shown) == OWNER
    assert owner(place / "homes" / home) == owner(place / "homes" / home / "new.txt") == CARREL
    assert (place / "homes" / home).stat().st_mode & 0o777 == 0o700


async def test_nobody_inside_is_somebody_else_of_the_machine_on_the_disk(
    mounts: OwnMounts, place: Path
) -> None:
    """Whoever is root inside could else make a program there that makes others root, and who runs Carrel could call it."""
    workspace_id, shown = await slot(mounts, place)
    await mounts.bring_in(workspace_id, home := new_home_id())
    for name, inside in {"root": 0, "carrel": CARREL.uid, "admin": 1001}.items():
        (shown / name).touch()
        os.chown(shown / name, inside, inside)
        (shown / name).chmod(0o4755)
        assert owner(shown / name) == FileOwner(inside, inside)
        assert owner(place / "homes" / home / name) not in {
            FileOwner(number, number) for number in (0, CARREL.uid, 1001)
        }
        assert (place / "homes" / home / name).stat().st_uid >= 1 << 30


async def test_a_file_system_that_cannot_show_owners_has_them_changed_once_and_links_are_not_followed(
    mounts: OwnMounts, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []
    mount_over = kernel.mount_over

    def without_maps(source: int, target: int, *, namespace: int | None, what: str) -> None:
        if namespace is not None:
            tried.append(what)
            raise OSError(errno.EINVAL, "it cannot")
        mount_over(source, target, namespace=None, what=what)

    monkeypatch.setattr(kernel, "mount_over", without_maps)
    (place / "precious").touch()
    home = place / "homes" / new_home_id()
    (home / "deep").mkdir(parents=True)
    (home / "deep" / "link").symlink_to(place / "precious")
    (home / "to directory").symlink_to(place)
    for _ in range(2):
        workspace_id, shown = await slot(mounts, place)
        await mounts.bring_in(workspace_id, HomeId(home.name))
        assert {owner(each) for each in (shown, shown / "deep", shown / "deep" / "link")} == {OWNER}
        await mounts.take_out(workspace_id)
    assert owner(place / "precious") == owner(place) == FileOwner(0, 0)
    other, _ = await slot(mounts, place)
    await mounts.bring_in(other, new_home_id())
    assert len(tried) == 1


async def test_on_a_machine_that_shares_its_root_nothing_is_mounted_anywhere_else(
    mounts: OwnMounts, place: Path
) -> None:
    for command in (("--bind", place, place), ("--make-shared", place)):
        subprocess.run(["mount", *command], check=True)
    workspace_id, shown = await slot(mounts, place)
    await mounts.bring_in(workspace_id, home := new_home_id())
    assert (shown / "data" / "course" / "lesson.txt").exists()
    slots = [str(place / "slots"), str(shown), str(shown / "data" / "course")]
    assert mounts_below(place) == slots
    assert list((place / "homes" / home / "data" / "course").iterdir()) == []
    await mounts.remove_slot(workspace_id)
    assert mounts_below(place) == slots[:1]
    subprocess.run(["umount", place / "slots"], check=True)
    subprocess.run(["umount", place], check=True)


async def test_links_of_a_person_lead_nothing_astray(mounts: OwnMounts, place: Path) -> None:
    """Where a shared folder is to be, and where the home itself is."""
    outside = place / "outside"
    outside.mkdir()
    home = place / "homes" / new_home_id()
    home.mkdir()
    (home / "data").symlink_to(outside)
    workspace_id, shown = await slot(mounts, place)
    await mounts.bring_in(workspace_id, HomeId(home.name))
    assert list(outside.iterdir()) == []
    assert len(mounts_below(shown.parent)) == 1
    await mounts.remove_slot(workspace_id)
    linked = place / "homes" / new_home_id()
    linked.symlink_to(outside)
    workspace_id, shown = await slot(mounts, place)
    with pytest.raises(DriverUnavailable):
        await mounts.bring_in(workspace_id, HomeId(linked.name))
    assert mounts_below(shown.parent) == []


async def test_what_a_person_has_where_a_shared_folder_is_to_be_stays_and_counts(
    mounts: OwnMounts, place: Path
) -> None:
    home = place / "homes" / new_home_id()
    (home / "data" / "course").mkdir(parents=True)
    (home / "data" / "course" / "mine.txt").write_text("mine")
    workspace_id, shown = await slot(mounts, place)
    await mounts.bring_in(workspace_id, HomeId(home.name))
    assert [path.name for path in (shown / "data" / "course").iterdir()] == ["mine.txt"]
    await mounts.take_out(workspace_id)
    assert (home / "data" / "course" / "mine.txt").read_text() == "mine"


async def test_where_no_home_comes_shared_folders_are_in_from_the_start(
    mounts: OwnMounts, place: Path
) -> None:
    workspace_id, folders = new_workspace_id(), plan(place).folders
    shown = Path(await mounts.make_slot(workspace_id, SlotPlan(OWNER, takes_home=False, folders=folders)))
    assert (shown / "data" / "course" / "lesson.txt").read_text() == "first"
    with pytest.raises(Rejected, match="keeps no files"):
        await mounts.bring_in(workspace_id, new_home_id())
    await mounts.remove_slot(workspace_id)
    assert not shown.parent.exists()
    assert (place / "course" / "lesson.txt").read_text() == "first"


async def test_what_an_app_saved_beside_the_home_goes_home(mounts: OwnMounts, place: Path) -> None:
    workspace_id, shown = await slot(mounts, place)
    at = os.open(shown, os.O_RDONLY)
    await mounts.bring_in(workspace_id, home := new_home_id())
    for name in ("notes.txt", ".cache"):
        os.close(os.open(name, os.O_CREAT | os.O_WRONLY, 0o600, dir_fd=at))
    os.symlink("/etc/passwd", "link", dir_fd=at)
    os.mkfifo("pipe", dir_fd=at)
    os.close(at)
    await mounts.take_out(workspace_id)
    recovered = place / "homes" / home / f"recovered-{workspace_id}"
    assert {path.name for path in recovered.iterdir()} == {"notes.txt", ".cache", "link"}
    assert (recovered / "link").is_symlink()
    assert {owner(recovered), owner(recovered / "notes.txt"), owner(recovered / "link")} == {CARREL}


async def test_what_goes_home_so_is_nobodys_way_to_be_root(mounts: OwnMounts, place: Path) -> None:
    """It is copied by root: neither a program that keeps its owner's rights nor a file as large as it says comes of it."""
    workspace_id, shown = await slot(mounts, place)
    at = os.open(shown, os.O_RDONLY)
    await mounts.bring_in(workspace_id, home := new_home_id())
    os.mkdir("deep", dir_fd=at)
    for name, mode in (("program", 0o6755), ("huge", 0o600), ("deep/note", 0o640)):
        opened = os.open(name, os.O_CREAT | os.O_WRONLY, dir_fd=at)
        os.write(opened, b"mine")
        os.fchmod(opened, mode)
        os.close(opened)
    os.truncate(f"/proc/self/fd/{at}/huge", 1 << 40)
    os.close(at)
    (place / "outside").mkdir()
    (place / "homes" / home / f".recovered-{workspace_id}").symlink_to(place / "outside")
    await mounts.take_out(workspace_id)
    recovered = place / "homes" / home / f"recovered-{workspace_id}"
    assert [(recovered / name).stat().st_mode & 0o7777 for name in ("program", "huge", "deep/note")] == [
        0o755,
        0o600,
        0o640,
    ]
    assert (recovered / "huge").stat().st_size == 1 << 40
    assert (recovered / "huge").stat().st_blocks < 100
    assert (recovered / "deep" / "note").read_text() == "mine"
    assert {owner(each) for each in (recovered, *recovered.rglob("*"))} == {CARREL}
    assert list((place / "outside").iterdir()) == list(shown.iterdir()) == []


async def test_what_strangers_have_open_does_not_keep_a_home_in(mounts: OwnMounts, place: Path) -> None:
    workspace_id, shown = await slot(mounts, place)
    await mounts.bring_in(workspace_id, home := new_home_id())
    (shown / "open.txt").touch()
    with (shown / "open.txt").open() as _:
        await mounts.take_out(workspace_id)
    assert mounts_below(shown.parent) == []
    assert (place / "homes" / home / "open.txt").exists()


async def test_a_home_that_is_mounted_anywhere_is_not_removed(mounts: OwnMounts, place: Path) -> None:
    workspace_id, _ = await slot(mounts, place)
    await mounts.bring_in(workspace_id, home := new_home_id())
    (place / "homes" / home / "mine.txt").touch()
    with pytest.raises(DriverUnavailable, match="mounted at"):
        remove_tree(place / "homes" / home, what="home")
    assert (place / "homes" / home / "mine.txt").exists()


async def test_a_volume_that_was_taken_over_is_mounted_from_where_the_engine_has_it(place: Path) -> None:
    volume = place / "volumes" / "jupyterhub-user-ada" / "_data"
    volume.mkdir(parents=True)
    (volume / "old.ipynb").write_text("{}")
    os.chown(volume, 1000, 100)

    async def place_of(name: str) -> Path:
        return place / "volumes" / name / "_data"

    mounts = OwnMounts(place / "slots", place / "homes", place_of)
    (place / "homes" / f"{(home := new_home_id())}.volume").write_text("jupyterhub-user-ada\n")
    workspace_id, shown = await slot(mounts, place)
    await mounts.bring_in(workspace_id, home)
    assert (shown / "old.ipynb").read_text() == "{}"
    await mounts.take_out(workspace_id)
    assert not (place / "homes" / home).exists()
    assert owner(volume) == FileOwner(1000, 100)
    await mounts.aclose()


async def test_the_directory_of_the_slots_can_be_removed_once_none_stands(
    mounts: OwnMounts, place: Path
) -> None:
    await mounts.leave()
    workspace_id, _ = await slot(mounts, place)
    await mounts.leave()
    assert str(place / "slots") in mounts_below(place), "a slot stands"
    await mounts.remove_slot(workspace_id)
    for _ in range(2):
        await mounts.leave()
    (place / "slots").rmdir()
    again, shown = await slot(mounts, place)
    assert shown.is_dir()
    await mounts.remove_slot(again)
