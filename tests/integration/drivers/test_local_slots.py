"""What a workspace is given, what it leaves behind, and what must survive it."""

import asyncio
import json
import os
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from carrel.domain.ids import HomeId
from carrel.domain.template import HomeKind
from carrel.drivers.local.starting import LOG_LIMIT
from carrel.drivers.local.tail import MOST_BYTES
from carrel.drivers.ondisk import removing
from carrel.ports.driver import DriverUnavailable, InstanceState, OutOfCapacity, Rejected, Spec
from carrel.testing.driver_contract import new_home_id, new_workspace_id, shown, until

from .place import Eventually, Local, fill

Told = tuple[Spec, dict[str, Any]]

SLEEPS = "import time; print('up', flush=True); time.sleep(60)"
TELLS_ALL = """
import json, os, signal, sys, time
told = {
    "environment": dict(each.split("=", 1) for each in open("/proc/self/environ").read().split("\\0") if each),
    "open": {each: os.readlink(f"/proc/self/fd/{each}") for each in os.listdir("/proc/self/fd")[:-1]},
    "session": os.getsid(0) == os.getpid(),
    "ignored": [line.split()[1] for line in open("/proc/self/status") if line.startswith(("SigIgn", "SigBlk"))],
    "directory": os.getcwd(),
    "oom": open("/proc/self/oom_score_adj").read().strip(),
}
open(sys.argv[1], "w").write(json.dumps(told))
time.sleep(60)
"""


@pytest.fixture
async def told(local: Local, eventually: Eventually, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Told]:
    monkeypatch.setenv("CARREL_BOOTSTRAP_TOKEN", "crl_verysecret")
    monkeypatch.setenv("SOME_SECRET", "swordfish")
    monkeypatch.setenv("LANG", "de_DE.UTF-8")
    note = local.state / "told"
    reading, writing = os.pipe()
    try:
        spec = local.spec(TELLS_ALL, str(note), environment={"HOME": "{home}", "TOKEN": "{secret}"})
        await local.start(local.open(path="/usr/bin:/bin"), spec)
        await eventually(lambda: note.exists() and note.read_text())
        yield spec, json.loads(note.read_text())
    finally:
        os.close(reading)
        os.close(writing)


async def test_the_environment_is_the_recipe_and_our_tags_and_nothing_else(local: Local, told: Told) -> None:
    spec, seen = told
    assert seen["environment"] == {
        "HOME": str(local.slot(spec.workspace_id) / "home"),
        "TOKEN": spec.secret,
        "PATH": "/usr/bin:/bin",
        "LANG": "de_DE.UTF-8",
        "CARREL_WORKSPACE": spec.workspace_id,
        "CARREL_INSTALLATION": local.installation,
        "CARREL_BACKEND": "local",
        "CARREL_POOL": "desk",
        "CARREL_PERSON": str(local.slot(spec.workspace_id) / "person"),
    }


async def test_an_app_begins_with_a_session_of_its_own_and_nothing_open_of_ours(
    local: Local, told: Told
) -> None:
    spec, seen = told
    assert seen["session"]
    assert set(seen["open"]) == {"0", "1", "2"}
    assert seen["open"]["0"] == "/dev/null"
    assert seen["open"]["1"] == seen["open"]["2"]
    assert seen["directory"] == str(local.slot(spec.workspace_id) / "blank")
    assert seen["oom"] == "300"


async def test_no_secret_stands_in_any_command_line(local: Local, told: Told) -> None:
    spec, _ = told
    for member in local.members(spec.workspace_id):
        line = Path(f"/proc/{member.process.pid}/cmdline").read_bytes()
        assert spec.secret.encode() not in line
        assert b"crl_" not in line


async def test_no_process_of_a_workspace_holds_a_secret_of_ours(local: Local, told: Told) -> None:
    spec, _ = told
    for member in local.members(spec.workspace_id):
        environment = Path(f"/proc/{member.process.pid}/environ").read_bytes()
        assert b"crl_" not in environment
        assert b"swordfish" not in environment


async def test_a_slot_is_closed_to_others(local: Local) -> None:
    workspace_id = await local.start(local.open(), local.spec(SLEEPS))
    for path in (local.state / "slots", local.state / "homes", local.slot(workspace_id)):
        assert path.stat().st_mode & 0o777 == 0o700


async def test_files_of_the_template_are_in_the_slot_before_the_start(local: Local) -> None:
    spec = local.spec(
        "import sys; sys.exit(open(sys.argv[1]).read() != '{\"a\": 1}')",
        "{slot}/etc/deep/page.json",
        files={"etc/deep/page.json": '{"a": 1}'},
    )
    driver = local.open()
    await driver.create(spec)
    instance = await until(driver, spec.workspace_id, InstanceState.ENDED)
    assert "exit status 0" in (instance.sentence or "")


async def test_the_log_stays_bounded_and_keeps_the_end(local: Local, eventually: Eventually) -> None:
    lines = 60_000
    driver = local.open()
    spec = local.spec(
        f"for n in range({lines}): print(n, 'x' * 100)\nprint('the end', flush=True)\nimport time; time.sleep(60)"
    )
    workspace_id = await local.start(driver, spec)
    seen: list[str] = []

    async def last() -> str:
        seen[:] = (await driver.logs(workspace_id, 3)).splitlines()
        return seen[-1] if seen else ""

    async with asyncio.timeout(30):
        while await last() != "the end":
            await asyncio.sleep(0.05)
    assert seen[0].startswith(f"{lines - 2} ")
    kept = sum(path.stat().st_size for path in local.slot(workspace_id).glob("log*"))
    assert LOG_LIMIT / 4 < kept <= LOG_LIMIT
    assert len((await driver.logs(workspace_id, 2_000)).splitlines()) == 2_000
    assert MOST_BYTES / 2 < len(await driver.logs(workspace_id, 12_000)) <= MOST_BYTES


async def test_an_app_goes_on_printing_and_its_log_stays_bounded_without_any_control_plane(
    local: Local, eventually: Eventually
) -> None:
    driver = local.open()
    workspace_id = await local.start(driver, local.spec("import time\nwhile True: print('x' * 1000)"))
    await driver.aclose()
    older = local.slot(workspace_id) / "log.1"
    await eventually(older.exists)
    first = older.stat().st_ino
    await eventually(lambda: older.exists() and older.stat().st_ino != first)
    assert sum(path.stat().st_size for path in local.slot(workspace_id).glob("log*")) <= LOG_LIMIT


async def test_a_full_disk_does_not_stop_an_app_from_printing(
    local: Local, eventually: Eventually, tmp_path: Path
) -> None:
    driver = local.open()
    done = tmp_path / "done"
    program = "import sys\nfor n in range(20_000): print('x' * 100)\nsys.stdout.flush()\nopen(sys.argv[1], 'w').write('')\nimport time; time.sleep(60)"
    spec = local.spec(program, str(done))
    local.slot(spec.workspace_id).mkdir()
    (
        local.slot(spec.workspace_id) / "log.1"
    ).mkdir()  # the log cannot turn: as on a full disk, writing it fails
    await local.start(driver, spec)
    await eventually(done.exists)


async def test_removing_a_slot_follows_no_link(local: Local, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("precious")
    driver = local.open()
    workspace_id = await local.start(driver, local.spec(SLEEPS))
    for place in ("data/link", "run/link", "blank/link"):
        (local.slot(workspace_id) / place).symlink_to(outside)
    (local.slot(workspace_id) / "data" / "file").symlink_to(outside / "precious")
    await driver.destroy(workspace_id)
    assert not local.slot(workspace_id).exists()
    assert (outside / "precious").read_text() == "precious"


async def test_a_slot_that_is_itself_a_link_loses_only_the_link(local: Local, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("precious")
    driver = local.open()
    workspace_id = new_workspace_id()
    local.slot(workspace_id).symlink_to(outside)
    await driver.destroy(workspace_id)
    assert not os.path.lexists(local.slot(workspace_id))
    assert (outside / "precious").read_text() == "precious"


async def test_a_home_and_its_files_survive_the_workspace(local: Local) -> None:
    driver, home = local.open(), new_home_id()
    workspace_id = await local.start(driver, local.spec(SLEEPS))
    await driver.attach(workspace_id, home)
    (local.slot(workspace_id) / "home" / "mine.txt").write_text("mine")
    await driver.destroy(workspace_id)
    assert (local.state / "homes" / home / "mine.txt").read_text() == "mine"
    assert (local.state / "homes" / home).stat().st_mode & 0o777 == 0o700


async def test_what_was_saved_beside_the_home_is_recovered(local: Local) -> None:
    driver, home = local.open(), new_home_id()
    workspace_id = await local.start(driver, local.spec(SLEEPS))
    await driver.attach(workspace_id, home)
    (local.slot(workspace_id) / "blank" / "mine.txt").write_text("mine")
    await driver.destroy(workspace_id)
    assert (local.state / "homes" / home / f"recovered-{workspace_id}" / "mine.txt").read_text() == "mine"


async def test_what_was_saved_waits_for_a_home_that_is_away(local: Local) -> None:
    driver, home = local.open(), new_home_id()
    workspace_id = await local.start(driver, local.spec(SLEEPS))
    await driver.attach(workspace_id, home)
    (local.slot(workspace_id) / "blank" / "mine.txt").write_text("mine")
    place = local.state / "homes" / home
    place.rename(place.with_name("away"))
    with pytest.raises(DriverUnavailable, match="nowhere to go"):
        await driver.destroy(workspace_id)
    place.with_name("away").rename(place)
    await driver.destroy(workspace_id)
    assert (place / f"recovered-{workspace_id}" / "mine.txt").read_text() == "mine"


async def test_what_programs_left_about_is_not_recovered(local: Local) -> None:
    driver, home = local.open(), new_home_id()
    workspace_id = await local.start(driver, local.spec(SLEEPS))
    await driver.attach(workspace_id, home)
    (local.slot(workspace_id) / "blank" / ".cache").mkdir()
    await driver.destroy(workspace_id)
    assert list((local.state / "homes" / home).iterdir()) == []


async def test_a_slot_with_a_mount_below_it_is_left_alone_and_the_mount_is_named(
    local: Local, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = local.open()
    workspace_id = await local.start(driver, local.spec(SLEEPS))
    mounted = local.slot(workspace_id).resolve() / "data"
    table = tmp_path / "mountinfo"
    escaped = str(mounted).replace(" ", "\\040")
    table.write_text(f"22 27 0:21 / /proc rw - proc proc rw\n99 27 0:50 / {escaped} rw - tmpfs tmpfs rw\n")
    monkeypatch.setattr(removing, "MOUNTS", table)
    with pytest.raises(DriverUnavailable, match=str(mounted)):
        await driver.destroy(workspace_id)
    assert mounted.exists()
    table.write_text("22 27 0:21 / /proc rw - proc proc rw\n")
    await driver.destroy(workspace_id)
    assert not local.slot(workspace_id).exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
async def test_a_real_mount_below_a_slot_keeps_its_files(local: Local, tmp_path: Path) -> None:
    driver = local.open()
    workspace_id = await local.start(driver, local.spec(SLEEPS))
    outside = tmp_path / "out side"
    outside.mkdir()
    (outside / "precious").write_text("precious")
    target = local.slot(workspace_id) / "data" / "with blank"
    target.mkdir()
    if subprocess.run(
        ["mount", "--bind", str(outside), str(target)], check=False, capture_output=True
    ).returncode:
        pytest.skip("this machine allows no mounts")
    try:
        with pytest.raises(DriverUnavailable, match="with blank"):
            await driver.destroy(workspace_id)
    finally:
        subprocess.run(["umount", str(target)], check=True)
    await driver.destroy(workspace_id)
    assert (outside / "precious").read_text() == "precious"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
async def test_a_full_disk_is_no_capacity_and_what_stands_can_be_removed(local: Local) -> None:
    local.state.mkdir()
    small = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(local.state)]
    if subprocess.run(small, check=False, capture_output=True).returncode:
        pytest.skip("this machine allows no mounts")
    try:
        driver = local.open()
        workspace_id = await local.start(driver, local.spec(SLEEPS))
        fill(local.state / "filler")
        refused = local.spec(SLEEPS)
        with pytest.raises(OutOfCapacity, match="No space left on device"):
            await driver.create(refused)
        assert (await shown(driver, workspace_id)) is not None
        for each in (workspace_id, refused.workspace_id):
            await driver.destroy(each)
        assert await driver.list() == []
        await driver.aclose()
    finally:
        subprocess.run(["umount", str(local.state)], check=True)


@pytest.mark.skipif(os.geteuid() == 0, reason="root is not locked out of anything")
async def test_a_directory_locked_against_its_owner_is_removed(local: Local) -> None:
    driver = local.open()
    workspace_id = await local.start(driver, local.spec(SLEEPS))
    locked = local.slot(workspace_id) / "data" / "locked"
    (locked / "deeper").mkdir(parents=True)
    locked.chmod(0)
    await driver.destroy(workspace_id)
    assert not local.slot(workspace_id).exists()


@pytest.mark.parametrize("home", [HomeKind.EPHEMERAL, HomeKind.NONE])
async def test_no_home_is_brought_in_where_the_template_keeps_none(local: Local, home: HomeKind) -> None:
    driver = local.open()
    workspace_id = await local.start(driver, local.spec(SLEEPS, home=home))
    with pytest.raises(Rejected, match="keeps no files"):
        await driver.attach(workspace_id, new_home_id())
    assert str((local.slot(workspace_id) / "home").readlink()) == "blank"


async def test_a_home_named_like_a_path_is_refused(local: Local) -> None:
    driver = local.open()
    workspace_id = await local.start(driver, local.spec(SLEEPS))
    with pytest.raises(Rejected):
        await driver.attach(workspace_id, HomeId("../../etc"))


async def test_a_restart_writes_nothing_through_links_the_app_left(local: Local, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    driver = local.open()
    spec = local.spec(SLEEPS, files={"etc/deep/page.json": "{}"})
    workspace_id = await local.start(driver, spec)
    deep = local.slot(workspace_id) / "etc" / "deep"
    (deep / "page.json").unlink()
    deep.rmdir()
    deep.symlink_to(outside)
    with pytest.raises(Rejected, match="a link stands in its way"):
        await driver.restart(spec)
    assert list(outside.iterdir()) == []


async def test_a_restart_starts_another_process_on_the_same_port_with_the_same_home(local: Local) -> None:
    driver, home = local.open(), new_home_id()
    spec = local.spec(SLEEPS)
    workspace_id = await local.start(driver, spec)
    before = {member.process.pid for member in local.members(workspace_id)}
    await driver.attach(workspace_id, home)
    await driver.restart(spec)
    await until(driver, workspace_id, InstanceState.RUNNING)
    assert before.isdisjoint(member.process.pid for member in local.members(workspace_id))
    assert str((local.slot(workspace_id) / "home").readlink()) == str(local.state / "homes" / home)


async def test_no_free_port_is_no_capacity_and_leaves_nothing(local: Local) -> None:
    driver = local.open(ports="23456-23457")
    first = [local.spec(SLEEPS), local.spec(SLEEPS)]
    for spec in first:
        await driver.create(spec)
    third = local.spec(SLEEPS)
    with pytest.raises(OutOfCapacity, match="23456-23457"):
        await driver.create(third)
    assert await shown(driver, third.workspace_id) is None
    await driver.destroy(first[0].workspace_id)
    with pytest.raises(OutOfCapacity, match="rest for ten minutes"):
        await local.open(ports="23456-23457").create(third)


async def test_a_program_that_cannot_be_executed_is_shown_as_ended_with_the_reason(
    local: Local, tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    broken.write_bytes(b"\x7fELF and nothing more")
    broken.chmod(0o755)
    driver = local.open()
    spec = local.spec("")
    spec = type(spec)(
        spec.workspace_id, spec.pool, type(spec.template)(spec.template.name, (str(broken),)), spec.secret
    )
    await driver.create(spec)
    instance = await until(driver, spec.workspace_id, InstanceState.ENDED)
    assert instance.sentence == "The program could not be started: Exec format error."


async def test_a_state_directory_that_cannot_be_used_is_said_to_be_so(local: Local, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    local.state = tmp_path / "file"
    with pytest.raises(DriverUnavailable, match="state directory"):
        local.open()
    local.state = tmp_path / "state"


async def test_sigint_at_the_control_planes_terminal_does_not_reach_workspaces(
    local: Local, tmp_path: Path
) -> None:
    """Ctrl-C goes to the whole foreground process group; workspaces and their keepers are in none of ours."""
    driver = local.open()
    workspace_id = await local.start(driver, local.spec(SLEEPS))
    assert {os.getpgid(member.process.pid) for member in local.members(workspace_id)}.isdisjoint(
        {os.getpgid(0)}
    )
