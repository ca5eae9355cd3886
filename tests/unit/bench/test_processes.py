"""What a run starts, it ends, and it counts what that costs; the app behind the proxies answers and echoes."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest
from bench import load, sockets, upstream
from bench.processes import BenchError, Program, companions, cpu_seconds, free_ports, listening, pss_bytes


def program(folder: Path, code: str, *arguments: str) -> Program:
    argv = [sys.executable, "-c", code, *arguments]
    return Program(argv, env={"PATH": os.environ["PATH"]}, cwd=folder, log=folder / "log")


DEAF = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
print(child.pid, flush=True)
time.sleep(60)
"""


async def test_a_program_that_will_not_end_is_killed_with_all_it_started(tmp_path: Path) -> None:
    running = program(tmp_path, DEAF)
    async with asyncio.timeout(20):
        while not running.log.read_text().endswith("\n"):
            await asyncio.sleep(0.01)
    child = int(running.log.read_text())
    assert running.family() == sorted([running.pid, child])
    await running.end(signal.SIGTERM, within=0.1)
    assert running.has_ended
    assert not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE


async def test_a_program_that_ends_when_asked_is_not_killed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    running = program(tmp_path, "import time; time.sleep(60)")
    await running.end(signal.SIGTERM, within=10)
    assert running.has_ended
    assert capsys.readouterr().err == ""


async def test_whoever_ends_before_listening_is_quoted(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    running = program(tmp_path, "raise SystemExit('no such luck')")
    with pytest.raises(BenchError, match=r"(?s)did not listen.*no such luck"):
        await listening(running, port, within=10)
    await running.end(signal.SIGTERM, within=1)


def test_ports_are_free_and_different() -> None:
    assert len(set(free_ports(20))) == 20


def test_processor_time_and_memory_of_a_process_are_read() -> None:
    before, began = cpu_seconds(os.getpid()), time.process_time()
    while time.process_time() - began < 0.1:
        pass
    assert 0.05 <= cpu_seconds(os.getpid()) - before <= 1.0
    assert 1 << 20 < pss_bytes(os.getpid()) < 10 << 30


def test_those_who_share_a_program_are_counted(tmp_path: Path) -> None:
    copy = tmp_path / "sleeper"
    copy.write_bytes(Path("/bin/sleep").resolve().read_bytes())
    copy.chmod(0o755)
    sleepers = [subprocess.Popen([str(copy), "60"]) for _ in range(3)]
    try:
        assert companions(sleepers[0].pid) == 2
    finally:
        for sleeper in sleepers:
            sleeper.kill()
            sleeper.wait()


@asynccontextmanager
async def app(folder: Path, *arguments: str) -> AsyncIterator[int]:
    (port,) = free_ports(1)
    argv = [sys.executable, "-P", upstream.__file__, "--port", str(port), *arguments]
    running = Program(argv, env={"PATH": os.environ["PATH"]}, cwd=folder, log=folder / "log")
    try:
        await listening(running, port, within=20)
        yield port
    finally:
        await running.end(signal.SIGTERM, within=5)


async def test_the_app_answers_160_bytes_and_echoes(tmp_path: Path) -> None:
    async with app(tmp_path) as port:
        done = await load.hammer(port, load.request("GET", "app", "/"), total=20, connections=2)
        rate = await sockets.echo(port, sockets.handshake("app", "/"), connections=3, each=10)
    assert {(reply.status, len(reply.body)) for reply in done.replies} == {(200, 160)}
    assert rate > 0


async def test_the_app_can_stand_for_every_workspace_of_a_null_backend(tmp_path: Path) -> None:
    async with app(tmp_path, "--all-loopback") as port:
        reader, writer = await asyncio.open_connection("127.200.3.4", port)
        writer.write(load.request("GET", "app", "/"))
        assert (await reader.readline()) == b"HTTP/1.1 200 OK\r\n"
        writer.close()
        await writer.wait_closed()
