"""What the local driver delivers and shares, on the disk: who may read it, what a link in the way does, and what is left."""

import asyncio
import os
import signal
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from carrel.domain.delivery import Delivery
from carrel.domain.template import HomeKind
from carrel.drivers.local import person
from carrel.ports.driver import Rejected, Spec, TookTooLong
from carrel.testing.driver_contract import new_home_id

from .place import Eventually, Local

SLEEPS = "import time; time.sleep(300)"
AWKWARD = {"A": "it's", "B": 'a "b" \\ `c` $D\nsecond\n', "C": "", "E": "!#&;|<>*?~ ü", "_f": "x" * 32768}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "srv"
    made.mkdir()
    (made / "iris.csv").write_text("1")
    return made


def sharing(local: Local, data: dict[str, str], home: HomeKind = HomeKind.PERSISTENT) -> Spec:
    spec = local.spec(SLEEPS, home=home)
    return replace(spec, template=replace(spec.template, data=data))


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_a_shell_reads_every_value_as_it_was(tmp_path: Path, shell: str) -> None:
    person.make(tmp_path)
    person.deliver(tmp_path, Delivery(AWKWARD))
    script = '. ./person/environment; exec "$0" -c "import os; print(repr({k: os.environ[k] for k in os.environ}))"'
    said = subprocess.run(
        [shell, "-c", script, sys.executable],
        cwd=tmp_path,
        env={},
        check=True,
        capture_output=True,
        text=True,
    )
    seen = dict(eval(said.stdout))
    assert {name: seen.get(name) for name in AWKWARD} == AWKWARD


def test_nobody_else_may_read_what_was_delivered(tmp_path: Path) -> None:
    person.make(tmp_path)
    person.deliver(tmp_path, Delivery({"A": "1"}, {"secrets/deep/key": "x"}))
    for path in (tmp_path / "person").resolve().rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_a_delivery_that_was_cut_short_is_nowhere_after_the_next(tmp_path: Path) -> None:
    person.make(tmp_path)
    half = tmp_path / person.DELIVERIES / "half"
    half.mkdir()
    (half / "environment").write_text("export A='old secret'\n")
    assert person.environment(tmp_path) == {}
    person.deliver(tmp_path, Delivery({"A": "1"}))
    assert not half.exists()
    assert person.environment(tmp_path) == {"A": "1"}


def test_a_link_in_the_way_gets_no_secret_and_costs_nobody_their_files(tmp_path: Path, folder: Path) -> None:
    person.make(tmp_path)
    (tmp_path / person.DELIVERIES).rename(tmp_path / "aside")
    (tmp_path / person.DELIVERIES).symlink_to(folder)
    with pytest.raises(Rejected, match="A link stands"):
        person.deliver(tmp_path, Delivery({"A": "1"}))
    assert [path.name for path in folder.iterdir()] == ["iris.csv"]


async def test_a_control_plane_that_is_killed_takes_its_command_with_it(
    local: Local, eventually: Eventually, tmp_path: Path
) -> None:
    driver = local.open()
    spec = local.spec(SLEEPS)
    workspace_id = await local.start(driver, spec)
    program = f"""
import asyncio
from carrel.drivers.local.driver import open_driver
from carrel.ports.driver import DriverContext
async def main():
    driver = open_driver(DriverContext("local", {local.installation!r}, {str(local.state)!r}, {{}}))
    await driver.run({workspace_id!r}, ["sh", "-c", "echo > begun; sleep 250"], seconds=200)
asyncio.run(main())
"""
    other = await asyncio.create_subprocess_exec(sys.executable, "-c", program)
    begun = local.slot(workspace_id) / "home" / "begun"
    await eventually(begun.exists)
    assert len(local.members(workspace_id)) > 2
    os.kill(other.pid, signal.SIGKILL)
    await other.wait()
    await eventually(lambda: len(local.members(workspace_id)) == 2)
    assert (await driver.run(workspace_id, ["echo", "free"], seconds=30)).output == "free\n"


async def test_a_daemon_that_wiped_its_environment_ends_with_its_command(
    local: Local, eventually: Eventually
) -> None:
    driver = local.open()
    workspace_id = await local.start(driver, local.spec(SLEEPS))
    script = "setsid env -i sh -c 'echo > daemon; exec sleep 250' & sleep 250"
    with pytest.raises(TookTooLong):
        await driver.run(workspace_id, ["sh", "-c", script], seconds=1)
    assert (local.slot(workspace_id) / "home" / "daemon").exists()
    await eventually(lambda: len(local.members(workspace_id)) == 2)


async def test_shared_folders_are_in_the_home_while_the_workspace_is(local: Local, folder: Path) -> None:
    driver = local.open()
    home_id = new_home_id()
    home = local.state / "homes" / home_id
    spec = sharing(local, {"data": str(folder), "more/books": str(folder), "gone": str(folder / "no")})
    workspace_id = await local.start(driver, spec)
    await driver.attach(workspace_id, home_id)
    await driver.attach(workspace_id, home_id)
    assert (home / "data" / "iris.csv").read_text() == "1"
    assert (home / "more" / "books" / "iris.csv").exists()
    assert not os.path.lexists(home / "gone")
    await driver.destroy(workspace_id)
    assert list(home.iterdir()) == []
    assert (folder / "iris.csv").exists()


async def test_what_a_person_has_in_such_a_place_stays_theirs(local: Local, folder: Path) -> None:
    driver = local.open()
    home_id = new_home_id()
    home = local.state / "homes" / home_id
    home.mkdir()
    (home / "data").mkdir()
    (home / "data" / "mine.txt").write_text("x")
    (home / "out").symlink_to(folder)
    spec = sharing(local, {"data": str(folder), "out/below": str(folder)})
    workspace_id = await local.start(driver, spec)
    await driver.attach(workspace_id, home_id)
    await driver.destroy(workspace_id)
    assert (home / "data" / "mine.txt").exists()
    assert {path.name for path in folder.iterdir()} == {"iris.csv"}
    assert (home / "out").readlink() == folder


async def test_a_workspace_that_keeps_no_files_has_the_shared_folders_from_the_start(
    local: Local, folder: Path
) -> None:
    driver = local.open()
    spec = sharing(local, {"data": str(folder)}, home=HomeKind.NONE)
    workspace_id = await local.start(driver, spec)
    assert (local.slot(workspace_id) / "home" / "data" / "iris.csv").exists()
    await driver.destroy(workspace_id)
    assert (folder / "iris.csv").exists()
