"""Envoy as a process of the system: started apart from us, held by pidfd so that a signal never reaches a stranger with its number."""

import asyncio
import contextlib
import os
import resource
import select
import signal
import subprocess
from pathlib import Path
from typing import Final

from carrel.domain.errors import Unavailable

ENVIRONMENT: Final = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}
"""Ours holds tokens and passwords; Envoy needs none of them."""


class Process:
    """One running process, whoever started it."""

    def __init__(self, pid: int) -> None:
        """Raises ProcessLookupError."""
        self.pid = pid
        self._fd = os.pidfd_open(pid)

    def send(self, signal_number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._fd, signal_number)

    @property
    def has_ended(self) -> bool:
        poll = select.poll()
        poll.register(self._fd, select.POLLIN)
        return bool(poll.poll(0))

    async def ended(self, within: float) -> bool:
        """True as soon as it has ended, and is reaped if it is our child; False after so many seconds."""
        loop = asyncio.get_running_loop()
        over = asyncio.Event()
        loop.add_reader(self._fd, over.set)
        try:
            await asyncio.wait_for(over.wait(), within)
        except TimeoutError:
            return False
        finally:
            loop.remove_reader(self._fd)
        self.reap()
        return True

    def reap(self) -> None:
        with contextlib.suppress(ChildProcessError):
            os.waitid(os.P_PIDFD, self._fd, os.WEXITED | os.WNOHANG)

    def close(self) -> None:
        os.close(self._fd)


def spawn(argv: list[str], log: Path) -> Process:
    """In a session of its own, so that no Ctrl-C meant for us reaches it and it survives us. Raises Unavailable."""
    try:
        with log.open("ab") as output:
            child = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd="/",
                env=ENVIRONMENT,
                umask=0o077,
                start_new_session=True,
            )
    except OSError as error:
        raise Unavailable(f"{argv[0]} could not be started: {error.strerror}.") from error
    process = Process(child.pid)
    child.returncode = 0  # from here on the pidfd knows how it is; Popen would complain that it outlives us
    with contextlib.suppress(ProcessLookupError):
        resource.prlimit(child.pid, resource.RLIMIT_NOFILE, (open_files(), open_files()))
    return process


def open_files() -> int:
    """How many files a process of ours may have open at most."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1]


def find(pid_file: Path, config: Path) -> Process | None:
    """A running process of our user that was started with this configuration. The pid file is the hint, its arguments are the proof."""
    hinted = _hint(pid_file)
    everybody = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal())
    for pid in (*hinted, *everybody):
        if not _runs(pid, config):
            continue
        with contextlib.suppress(ProcessLookupError):
            process = Process(pid)
            if _runs(pid, config):  # still the same one, now that we hold it
                return process
            process.close()
    return None


def _hint(pid_file: Path) -> list[int]:
    try:
        return [int(pid_file.read_text("ascii"))]
    except (OSError, ValueError):
        return []


def _runs(pid: int, config: Path) -> bool:
    entry = Path("/proc", str(pid))
    try:
        return entry.stat().st_uid == os.getuid() and bytes(config) in (entry / "cmdline").read_bytes().split(
            b"\0"
        )
    except OSError:
        return False
