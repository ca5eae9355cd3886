"""Starts, watches and ends the programs of a run, and reads what they cost from /proc. Ends nothing that it did not start."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class BenchError(Exception):
    """Something a run needs is missing or failed; the sentence says what, and what helps."""


class Program:
    """One program of a run, in a session of its own so that an interrupted run can end it in order."""

    def __init__(self, argv: Sequence[str], *, env: Mapping[str, str], cwd: Path, log: Path) -> None:
        self.argv = argv
        self.log = log
        self._family: dict[int, psutil.Process] = {}
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                argv,
                env=dict(env),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.remember([self._process.pid])

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def remember(self, pids: Iterable[int]) -> None:
        """Take processes into the family: they are ended with it. psutil keeps the start time, so a reused pid is safe."""
        for pid in pids:
            try:
                self._family.setdefault(pid, psutil.Process(pid))
            except psutil.NoSuchProcess:
                continue

    def family(self) -> list[int]:
        """This program and all that descends from it, as far as it was ever seen, and still runs."""
        for member in list(self._family.values()):
            try:
                self.remember(child.pid for child in member.children(recursive=True))
            except psutil.NoSuchProcess:
                continue
        return sorted(pid for pid, member in self._family.items() if is_alive(member))

    async def end(self, signum: signal.Signals, *, within: float) -> None:
        """Ask politely, wait for the whole family, then kill what is left and say so."""
        self.family()
        if not self.has_ended:
            self._process.send_signal(signum)
        left = await self._ended(within)
        for pid in left:
            with suppress(psutil.NoSuchProcess):
                self._family[pid].kill()
        await self._ended(within=10)
        self._process.wait(timeout=10)
        if left:
            print(f"bench: had to kill {len(left)} processes of {self.argv[0]}", file=sys.stderr, flush=True)

    async def _ended(self, within: float) -> list[int]:
        """Wait for the whole family; answers who is still there."""
        deadline = time.monotonic() + within
        while (left := self.family()) and time.monotonic() < deadline:
            self._process.poll()
            await asyncio.sleep(0.05)
        return left

    def last_lines(self, count: int = 15) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-count:])


def is_alive(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def free_ports(count: int) -> list[int]:
    """Ports that are free now, all different."""
    holders = [socket.socket() for _ in range(count)]
    try:
        for holder in holders:
            holder.bind(("127.0.0.1", 0))
        return [int(holder.getsockname()[1]) for holder in holders]
    finally:
        for holder in holders:
            holder.close()


async def listening(program: Program, port: int, *, within: float) -> None:
    """Wait until somebody listens on the port; raise with the log's end if the program ends first or is too slow."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline and not program.has_ended:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return
    raise BenchError(
        f"{Path(program.argv[0]).name} did not listen on port {port}. Its log ends:\n{program.last_lines()}"
    )


def cpu_seconds(pid: int) -> float:
    """User and system time of all threads, by the kernel's clock ticks (10 ms)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND


def pss_bytes(pid: int) -> int:
    """Proportional set size: shared pages are divided among those who share them, so sums are honest."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise BenchError(f"/proc/{pid}/smaps_rollup shows no Pss; this kernel cannot tell the footprint.")


def companions(pid: int) -> int:
    """How many other processes run the same program: they share its pages, and so make its PSS look smaller."""
    program = Path(f"/proc/{pid}/exe").stat()
    count = 0
    for other in psutil.pids():
        try:
            count += other != pid and os.path.samestat(program, Path(f"/proc/{other}/exe").stat())
        except OSError:
            continue
    return count
