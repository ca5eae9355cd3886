"""Everything a workspace started ends with it, whatever it does against that, and nothing else is hit."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from carrel.drivers.local import keeper
from carrel.drivers.local.processes import census, send
from carrel.ports.driver import InstanceState
from carrel.testing.driver_contract import shown, until

from .place import Eventually, Local

IGNORES_SIGTERM = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGHUP, signal.SIG_IGN)
print("up", flush=True)
time.sleep(60)
"""

DAEMON = """
import os, signal, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if sys.argv[1] == "wiped":
        os.execve(sys.executable, [sys.executable, "-I", "-S", "-c", "import time; time.sleep(60)", "daemon"], {})
    time.sleep(60)
print("up", flush=True)
if sys.argv[2] == "leaves":
    sys.exit(0)
time.sleep(60)
"""

RUNNER = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
end = time.monotonic() + 60
if os.fork() == 0:
    while time.monotonic() < end:
        if os.fork():
            os._exit(0)
        time.sleep(0.002)
time.sleep(60)
"""

SHELL_IN_A_TERMINAL = """
import os, pty, time
if pty.fork()[0] == 0:
    os.execv("/bin/sh", ["/bin/sh", "-i"])
print("up", flush=True)
time.sleep(60)
"""


async def test_a_program_that_ignores_sigterm_is_killed_after_the_grace(local: Local) -> None:
    driver = local.open()
    workspace_id = await local.start(driver, local.spec(IGNORES_SIGTERM))
    await driver.destroy(workspace_id)
    assert local.members(workspace_id) == []


async def test_a_program_gets_the_grace_it_needs_to_end_in_order(
    local: Local, eventually: Eventually
) -> None:
    driver = local.open(stop_grace="10s")
    program = """
import signal, sys, time
def end(*_):
    time.sleep(0.3)
    open(sys.argv[1], "w").write("in order")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print("up", flush=True)
time.sleep(60)
"""
    note = local.state / "note"
    workspace_id = await local.start(driver, local.spec(program, str(note)))
    await eventually((local.slot(workspace_id) / "log").read_text)
    await driver.destroy(workspace_id)
    assert note.read_text() == "in order"


@pytest.mark.parametrize("environment", ["kept", "wiped"])
@pytest.mark.parametrize("parent", ["stays", "leaves"])
async def test_a_daemon_that_left_its_session_ends_too(
    local: Local, eventually: Eventually, environment: str, parent: str
) -> None:
    driver = local.open()
    spec = local.spec(DAEMON, environment, parent)
    await driver.create(spec)
    await eventually(lambda: len(local.members(spec.workspace_id)) == (3 if parent == "stays" else 2))
    pids = [member.process.pid for member in local.members(spec.workspace_id)]
    await driver.destroy(spec.workspace_id)
    assert not any(Path(f"/proc/{pid}").exists() and _state(pid) != "Z" for pid in pids)


async def test_a_daemon_is_found_by_its_tag_when_its_keeper_was_killed(
    local: Local, eventually: Eventually
) -> None:
    driver = local.open()
    workspace_id = await local.start(driver, local.spec(DAEMON, "kept", "stays"))
    await eventually(lambda: len(local.members(workspace_id)) == 3)
    keeper = next(member for member in local.members(workspace_id) if member.is_keeper)
    os.kill(keeper.process.pid, signal.SIGKILL)
    await eventually(lambda: len(local.members(workspace_id)) == 2)
    await driver.destroy(workspace_id)
    assert local.members(workspace_id) == []


async def test_a_process_that_forks_faster_than_one_can_look_is_caught(local: Local) -> None:
    driver = local.open()
    workspace_id = await local.start(driver, local.spec(RUNNER))
    await driver.destroy(workspace_id)
    assert local.members(workspace_id) == []


async def test_a_shell_in_a_terminal_does_not_cost_the_whole_grace(
    local: Local, eventually: Eventually
) -> None:
    driver = local.open(stop_grace="60s")
    workspace_id = await local.start(driver, local.spec(SHELL_IN_A_TERMINAL))
    await eventually(lambda: len(local.members(workspace_id)) == 3)
    await driver.destroy(workspace_id)
    assert local.members(workspace_id) == []


async def test_a_process_whose_first_thread_ended_is_not_taken_for_dead(local: Local) -> None:
    program = """
import ctypes, os, threading, time
threading.Thread(target=time.sleep, args=(60,)).start()
print("up", flush=True)
ctypes.CDLL(None).syscall({"x86_64": 60, "aarch64": 93}[os.uname().machine], 0)
"""
    driver = local.open()
    workspace_id = await local.start(driver, local.spec(program))
    app = next(member.process for member in local.members(workspace_id) if not member.is_keeper)
    async with asyncio.timeout(20):
        while _state(app.pid) != "Z":
            await asyncio.sleep(0.02)
    instance = await shown(driver, workspace_id)
    assert instance is not None
    assert instance.state is InstanceState.RUNNING
    await driver.destroy(workspace_id)
    assert not Path(f"/proc/{app.pid}").exists()


async def test_a_stopped_process_ends(local: Local) -> None:
    driver = local.open(stop_grace="60s")
    workspace_id = await local.start(driver, local.spec("import time; time.sleep(60)"))
    app = next(member for member in local.members(workspace_id) if not member.is_keeper)
    os.kill(app.process.pid, signal.SIGSTOP)
    await driver.destroy(workspace_id)
    assert local.members(workspace_id) == []


async def test_a_later_process_with_the_same_pid_is_not_hit(local: Local) -> None:
    bystander = subprocess.Popen([sys.executable, "-I", "-S", "-c", "import time; time.sleep(60)"])
    try:
        driver = local.open()
        workspace_id = await local.start(driver, local.spec("import time; time.sleep(60)"))
        member = local.members(workspace_id)[0]
        send(replace(member.process, pid=bystander.pid), signal.SIGKILL)
        with pytest.raises(subprocess.TimeoutExpired):
            bystander.wait(timeout=0.2)
    finally:
        bystander.kill()
        bystander.wait()


async def test_a_note_of_a_process_that_is_gone_is_not_believed_when_its_pid_lives_again(
    local: Local,
) -> None:
    driver = local.open()
    workspace_id = await local.start(driver, local.spec("import time; time.sleep(60)"))
    (local.slot(workspace_id) / "process.json").write_text(f'{{"pid": {os.getpid()}, "started": 1}}')
    instance = await shown(driver, workspace_id)
    assert instance is not None
    assert instance.state is InstanceState.ENDED
    await driver.destroy(workspace_id)


async def test_processes_without_our_tag_are_nobodys(local: Local) -> None:
    strangers = {"CARREL_WORKSPACE": "a" * 16, "CARREL_INSTALLATION": "b" * 16, "CARREL_BACKEND": "local"}
    bystander = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", "import time; time.sleep(60)"], env=strangers
    )
    try:
        assert bystander.pid not in {member.process.pid for member in census(local.owner)}
    finally:
        bystander.kill()
        bystander.wait()


async def test_an_instance_whose_slot_vanished_is_still_listed_and_removed(local: Local) -> None:
    driver = local.open()
    workspace_id = await local.start(driver, local.spec("import time; time.sleep(60)"))
    local.slot(workspace_id).rename(local.state / "elsewhere")
    instance = await shown(driver, workspace_id)
    assert instance is not None
    assert instance.pool == "desk"
    await driver.destroy(workspace_id)
    assert await shown(driver, workspace_id) is None
    assert local.members(workspace_id) == []


@pytest.mark.parametrize(
    ("program", "sentence"),
    [
        ("import sys; sys.exit(3)", "with exit status 3."),
        ("import os; os.kill(os.getpid(), 9)", "The machine may have run out of memory."),
        ("import os; os.kill(os.getpid(), 15)", "was ended by SIGTERM"),
    ],
)
async def test_how_an_app_ended_is_told_also_to_a_later_control_plane(
    local: Local, program: str, sentence: str
) -> None:
    driver = local.open()
    spec = local.spec(program)
    await driver.create(spec)
    instance = await until(local.open(), spec.workspace_id, InstanceState.ENDED)
    assert sentence in (instance.sentence or "")


async def test_an_end_that_nobody_watched_is_told_as_such(local: Local) -> None:
    driver = local.open()
    workspace_id = await local.start(driver, local.spec("import time; time.sleep(60)"))
    for member in sorted(local.members(workspace_id), key=lambda member: not member.is_keeper):
        os.kill(member.process.pid, signal.SIGKILL)
    instance = await until(driver, workspace_id, InstanceState.ENDED)
    assert instance.sentence == "The program ended while Carrel was not watching."


async def test_closing_the_driver_does_not_wait_for_what_it_was_ending(
    local: Local, eventually: Eventually
) -> None:
    driver = local.open(stop_grace="60s")
    workspace_id = await local.start(driver, local.spec(IGNORES_SIGTERM))
    await eventually((local.slot(workspace_id) / "log").read_text)
    ending = asyncio.create_task(driver.destroy(workspace_id))
    await asyncio.sleep(0.1)
    async with asyncio.timeout(10):
        await driver.aclose()
    with pytest.raises(asyncio.CancelledError):
        await ending
    again = local.open()
    assert await shown(again, workspace_id) is not None
    await again.destroy(workspace_id)
    assert local.members(workspace_id) == []


async def test_no_zombies_are_left(local: Local) -> None:
    driver = local.open()
    workspace_id = await local.start(driver, local.spec("import time; time.sleep(60)"))
    pids = [member.process.pid for member in local.members(workspace_id)]
    await driver.destroy(workspace_id)
    await driver.list()
    assert [pid for pid in pids if Path(f"/proc/{pid}").exists()] == []


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


NOTES_AN_END = """
import importlib.util, pathlib, sys, time
spec = importlib.util.spec_from_file_location("keeper", sys.argv[1])
keeper = importlib.util.module_from_spec(spec)
spec.loader.exec_module(keeper)
slot, program = sys.argv[2:]
output = keeper.Output(keeper.Log(slot + "/log", 1_000_000))
app = keeper.App(slot, [sys.executable, "-c", program], output)
while not pathlib.Path(slot, "ended.json").exists():
    app.reap()  # and nobody pumps meanwhile
    time.sleep(0.01)
"""


def test_once_an_end_is_noted_its_last_lines_are_in_the_log(tmp_path: Path) -> None:
    program = 'import os; os.write(1, b"x" * 50_000 + b"\\nno keys\\n"); os._exit(3)'
    arguments = [sys.executable, "-c", NOTES_AN_END, keeper.__file__, str(tmp_path), program]
    subprocess.run(arguments, check=True, timeout=20)
    assert (tmp_path / "log").read_text().endswith("\nno keys\n")
    assert json.loads((tmp_path / "ended.json").read_text())["code"] == 3
