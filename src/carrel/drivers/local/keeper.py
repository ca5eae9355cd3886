"""Runs as a small process of its own beside each app: starts it, bounds its log, and notes how it ended.

It outlives the control plane, so that the log stays bounded and an end is noted while nobody watches; and as the "subreaper" it stays the
ancestor of whatever the app starts, even of a daemon that wiped its own environment. It is started as a script with the standard library
alone (no site-packages), must never import the rest of Carrel, and ends by itself when nothing is left to keep.
"""

# pathlib would add a fifth to the memory of a process that stands beside every app, hence:
# ruff: noqa: PTH105, PTH123, PTH208

import ctypes
import os
import signal
import sys
import time

PR_SET_CHILD_SUBREAPER = 36
CHUNK = 65536
MARK = "CARREL_KEEPER"
"""In this process's environment and not in the app's."""


class Log:
    """At most `limit` bytes in two files: when the newer one is half of it, it becomes the older one."""

    def __init__(self, path: str, limit: int) -> None:
        self._path = path
        self._half = limit // 2
        self._file: int | None = None
        self._size = 0

    def add(self, data: bytes) -> None:
        """Drops what a full disk does not take: an app must not stand still because of its log."""
        try:
            if self._file is None:
                self._open()
            if self._size + len(data) > self._half:
                self._turn()
            if self._file is not None:
                self._size += os.write(self._file, data)
        except OSError:
            return

    def _open(self) -> None:
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
        self._size = os.fstat(self._file).st_size

    def _turn(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
        os.replace(self._path, self._path + ".1")
        self._open()


class Output:
    """What the app and all it started print, on its way into the log."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self.reading, self.writing = os.pipe()

    def pump(self) -> None:
        """Until nobody is left who could print."""
        os.close(self.writing)
        while data := os.read(self.reading, CHUNK):
            self._log.add(data)

    def rest(self) -> None:
        """What stands in the pipe at this moment, which holds no more than a chunk: once an end is noted, its reason is looked up."""
        os.set_blocking(self.reading, False)
        try:
            self._log.add(os.read(self.reading, CHUNK))
        except BlockingIOError:
            return
        finally:
            os.set_blocking(self.reading, True)


class App:
    """The one process we were asked to start, among all that we inherit."""

    def __init__(self, slot: str, argv: list[str], output: Output) -> None:
        self._slot = slot
        self._output = output
        self._victims = victims_of_memory()
        self._began = time.monotonic()  # noqa: TID251 - runs without the package, so without its clock
        self._pid = os.posix_spawn(
            argv[0],
            argv,
            environment(),
            file_actions=[(os.POSIX_SPAWN_DUP2, output.writing, number) for number in (1, 2)],
            setsid=True,
            setsigmask=[],
            setsigdef=signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP},
        )
        note(slot, "process.json", f'{{"pid": {self._pid}, "started": {started(self._pid)}}}')

    def ended(self, status: int) -> None:
        seconds = time.monotonic() - self._began  # noqa: TID251 - as above
        code = os.waitstatus_to_exitcode(status)
        hunger = code == -signal.SIGKILL and victims_of_memory() > self._victims
        more = ', "out_of_memory": true' if hunger else ""
        note(self._slot, "ended.json", f'{{"code": {code}, "seconds": {seconds:.1f}{more}}}')

    def reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self._pid:
                self._output.rest()
                self.ended(status)


def environment() -> dict[bytes, bytes]:
    """As it was handed to us. Python may since have put a variable of its own (LC_CTYPE) into `os.environ`."""
    with open("/proc/self/environ", "rb") as file:
        pairs = [each.partition(b"=") for each in file.read().split(b"\0") if each]
    return {name: value for name, _, value in pairs if name != MARK.encode()}


def close_inherited() -> None:
    """What the control plane was itself born with, and did not know of."""
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2:
            try:
                os.close(int(name))
            except OSError:  # the listing's own descriptor, closed by now
                continue


def started(pid: int) -> int:
    """The kernel's clock ticks since boot at which it began; with the pid it names one process for ever."""
    with open(f"/proc/{pid}/stat", "rb") as file:
        return int(file.read().rpartition(b")")[2].split()[19])


def note(slot: str, name: str, text: str) -> None:
    """Whole or not at all. What the disk does not take is missing later, and read as "nobody watched"."""
    path = f"{slot}/{name}"
    try:
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(path + ".new", path)
    except OSError:
        return


def victims_of_memory() -> int:
    """How many processes the kernel has ended for want of memory since boot; 0 where it does not say."""
    try:
        with open("/proc/vmstat", "rb") as file:
            counts = dict(line.split() for line in file)
    except OSError:
        return 0
    return int(counts.get(b"oom_kill", 0))


def yield_memory(slot: str) -> None:
    """When memory runs out, people's own processes go before Carrel's; what the app starts inherits it."""
    try:
        with open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
            file.write("300")
    except OSError:
        return


def main() -> None:
    slot, limit, *argv = sys.argv[1:]
    close_inherited()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    output = Output(Log(f"{slot}/log", int(limit)))
    try:
        yield_memory(slot)
        os.chdir(f"{slot}/home")
        app = App(slot, argv, output)
    except OSError as problem:
        note(slot, "ended.json", f'{{"error": {problem.errno or 0}}}')
        return
    signal.signal(signal.SIGCHLD, lambda *_: app.reap())
    app.reap()
    output.pump()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    wait_for_the_rest(app)


def wait_for_the_rest(app: App) -> None:
    """Nobody can print any more, but daemons may still run: stay their ancestor until the last has ended."""
    app.reap()
    while True:
        try:
            info = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
        except ChildProcessError:
            return
        if info is not None:
            app.reap()


if __name__ == "__main__":
    main()
