"""Runs as a small process of its own for one command inside an instance: starts it, keeps the last of what it prints, ends all of it.

It ends everything when the command's time is over, when the command has ended, and when its own input ends, which is how it hears that
the control plane is gone. As the keeper: the standard library alone, and no import of the rest of Carrel.
"""

# ruff: noqa: PTH123

import ctypes
import fcntl
import json
import os
import select
import signal
import sys
import time

PR_SET_CHILD_SUBREAPER = 36
KEEPER = "CARREL_KEEPER"
MARK = "runner"
"""The value of the keepers' mark in this process's environment."""
CHUNK = 65536
BREATH = 0.002


class Output:
    """The last `limit` bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept = b""

    def add(self, data: bytes) -> None:
        self._kept = (self._kept + data)[-self._limit :]

    @property
    def text(self) -> str:
        return self._kept.decode(errors="replace")


def own_environment() -> dict[bytes, bytes]:
    with open("/proc/self/environ", "rb") as file:
        pairs = [each.partition(b"=") for each in file.read().split(b"\0") if each]
    return {name: value for name, _, value in pairs if name != KEEPER.encode()}


def delivered(slot: str) -> dict[bytes, bytes]:
    try:
        with open(f"{slot}/person/environment.json", encoding="utf-8") as file:
            found = json.load(file)
    except (OSError, ValueError):
        return {}
    return {name.encode(): value.encode() for name, value in found.items()}


def environment(slot: str) -> dict[bytes, bytes]:
    """What was delivered counts before the app's own, and never before the tags by which we find our processes."""
    own = own_environment()
    tags = {name: value for name, value in own.items() if name.startswith(b"CARREL_")}
    return {**own, **delivered(slot), **tags}


def started(slot: str, argv: list[str], writing: int) -> int:
    """The command's pid. Raises OSError. It is looked for along its own PATH."""
    nowhere = os.open(os.devnull, os.O_RDONLY)
    return os.posix_spawnp(
        argv[0],
        argv,
        environment(slot),
        file_actions=[
            (os.POSIX_SPAWN_DUP2, nowhere, 0),
            *((os.POSIX_SPAWN_DUP2, writing, number) for number in (1, 2)),
        ],
        setsid=True,
        setsigmask=[],
        setsigdef=signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP},
    )


class Command:
    def __init__(self, pid: int, reading: int, output: Output) -> None:
        self.pid = pid
        self.code: int | None = None
        self._reading = reading
        self._output = output
        self._handle = os.pidfd_open(pid)

    def watch(self, until: float) -> bool:
        """Until it ended (True), or its time is over or nobody waits for it any more (False)."""
        watched = [self._reading, self._handle, 0]
        while (left := until - time.monotonic()) > 0:  # noqa: TID251 - runs without the package, so without its clock
            ready, _, _ = select.select(watched, [], [], left)
            if self._reading in ready and not self._pump():
                watched.remove(self._reading)
            if self._handle in ready:
                self.code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
                return True
            if 0 in ready and not os.read(0, CHUNK):
                return False
        return False

    def end(self) -> None:
        """All it started too: whoever lost its parent became ours."""
        while pids := children(os.getpid()):
            for pid in [*pids, *descendants(pids)]:
                try:
                    os.kill(pid, signal.SIGKILL)
                except (ProcessLookupError, PermissionError):
                    continue
            self._reap()
            time.sleep(BREATH)
        while self._pump():
            continue

    def _reap(self) -> None:
        """Those that ended, and waits for none: others may have become ours since they were signalled."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self.pid:
                self.code = os.waitstatus_to_exitcode(status)

    def _pump(self) -> bool:
        try:
            data = os.read(self._reading, CHUNK)
        except BlockingIOError:
            return False
        self._output.add(data)
        return bool(data)


def children(pid: int) -> list[int]:
    try:
        with open(f"/proc/{pid}/task/{pid}/children", "rb") as file:
            return [int(each) for each in file.read().split()]
    except OSError:
        return []


def descendants(pids: list[int]) -> list[int]:
    found: list[int] = []
    for pid in pids:
        below = children(pid)
        found += [*below, *descendants(below)]
    return found


def tell(**told: object) -> None:
    with open(1, "w", encoding="utf-8", closefd=False) as file:
        json.dump({"code": None, "output": "", "error": 0, "is_late": False} | told, file)


def alone(slot: str, until: float) -> bool:
    """One command at a time: a former one may still be on its way out. The lock goes with this process, whatever ends it."""
    lock = os.open(f"{slot}/run.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    while time.monotonic() < until:  # noqa: TID251 - as above
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if select.select([0], [], [], 0.02)[0] and not os.read(0, CHUNK):
                return False
        else:
            return True
    return False


def main() -> None:
    slot, seconds, limit, *argv = sys.argv[1:]
    os.write(1, b"\n")
    until = time.monotonic() + float(seconds)  # noqa: TID251 - as above
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    output, (reading, writing) = Output(int(limit)), os.pipe()
    try:
        if not alone(slot, until):
            tell(is_late=True)
            return
        os.chdir(f"{slot}/home")
        command = Command(started(slot, argv, writing), reading, output)
    except OSError as problem:
        tell(error=problem.errno or 1)
        return
    os.close(writing)
    os.set_blocking(reading, False)
    has_ended = command.watch(until)
    command.end()
    tell(code=command.code, output=output.text, is_late=not has_ended)


if __name__ == "__main__":
    main()
