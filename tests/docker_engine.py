"""A private Docker engine with images of its own, for tests and the bench: started for a session, ended with all it ran. It runs where
`tools/apart.sh` put its user, so its firewall rules and mounts are nobody else's.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / ".cache" / "images"
DEBIAN = IMAGES / "debian.tar"
SMALL = "carrel-test/small:1"
"""Debian with `python3`, `sh`, `ps` and `ip`; USER 1000:1000 whose home is /home/jovyan."""
LAB_TAR = IMAGES / "lab.tar"
LAB = "carrel-test/lab:1"
"""The same with the JupyterLab that `make` keeps for tests: /opt/lab/bin, which is on its PATH."""
FLAGS = ("--shutdown-timeout", "2", "--log-level", "warn")
PREFIX = "crl-"
"""Short: the path of a socket has 107 bytes at most."""
ENOUGH_MEMORY = 4 * 1024**3
HOME = ("--change", "USER 1000:1000", "--change", "ENV HOME=/home/jovyan", "--change", "WORKDIR /home/jovyan")


class Engine:
    """dockerd and its containerd with a data root of their own. `host` is what a backend's option of that name wants."""

    def __init__(self, folder: Path, *flags: str) -> None:
        self.folder = folder
        self.flags = flags
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def socket(self) -> Path:
        return self.folder / "docker.sock"

    @property
    def host(self) -> str:
        return f"unix://{self.socket}"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.folder / "dockerd.log"

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def start(self, *flags: str, within: float = 60.0) -> None:
        """On the data root it had before, if it ran before; `flags` are of this start only, such as --live-restore."""
        (self.folder / "pid").unlink(missing_ok=True)
        places = (
            "--data-root",
            self.data,
            "--exec-root",
            self.folder / "exec",
            "--pidfile",
            self.folder / "pid",
        )
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [_dockerd(), *map(str, places), "--host", self.host, *FLAGS, *self.flags, *flags],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        deadline = time.monotonic() + within
        while self.docker("version", check=False).returncode:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"the engine did not start:\n{self.log_tail()}")
            time.sleep(0.05)

    def kill(self) -> None:
        """As a crash would: the engine and its containerd are gone, what they ran goes on until the next start."""
        for process in self._containerd():
            _end(process, signal.SIGKILL)
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """As an administrator would."""
        self._end(signal.SIGTERM)

    def restart(self, *flags: str) -> None:
        self.stop()
        self.start(*flags)

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def docker(self, *arguments: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        """The command `docker` at this engine. What it says when it fails is in the error."""
        command = [_client(), "--host", self.host, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=_plain_environment())
        if check and done.returncode:
            raise AssertionError(
                f"docker {' '.join(arguments)}: {done.stderr.strip() or done.stdout.strip()}"
            )
        return done

    def containers(self, *filters: str) -> list[str]:
        """Ids of those that exist, running or not, by filters such as label=carrel.installation."""
        wanted = [part for each in filters for part in ("--filter", each)]
        return self.docker("ps", "--all", "--quiet", "--no-trunc", *wanted).stdout.split()

    def clear(self) -> None:
        """Removes every container, with what they ran, every volume, and every network that somebody made."""
        if found := self.containers():
            self.docker("rm", "--force", "--volumes", *found, check=False)
        if found := self.docker("volume", "ls", "--quiet").stdout.split():
            self.docker("volume", "rm", "--force", *found, check=False)
        if found := self.docker("network", "ls", "--quiet", "--filter", "type=custom").stdout.split():
            self.docker("network", "rm", *found, check=False)

    def end(self) -> None:
        """Nothing of it is left: no container, no process, no mount, no file."""
        if self.is_running():
            self.clear()
            self.stop()
        for process in self.processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                for contained in process.children(recursive=True):
                    _end(contained, signal.SIGKILL)
            _end(process, signal.SIGKILL)
        unmount_below(self.folder)
        shutil.rmtree(self.folder, ignore_errors=True)

    def processes(self) -> list[psutil.Process]:
        """Its own and those of its containers' keepers."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if any(str(self.folder) in part for part in process.cmdline()):
                    found.append(process)
        return found

    def log_tail(self, lines: int = 20) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def _end(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)
        self.process.wait(30)

    def _containerd(self) -> list[psutil.Process]:
        return [each for each in psutil.Process(self.pid).children() if each.name() == "containerd"]


@contextlib.contextmanager
def an_engine(*flags: str, in_memory: bool = True) -> Iterator[Engine]:
    """One more engine with a data root of its own. It shares the firewall with the session's: not for tests of walls.

    In memory, if there is enough, images are there in a third of the time; what a container writes to its root then counts as its memory.
    """
    assert missing() is None, missing()
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir="/tmp", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)  # an engine with user namespaces goes through it as somebody else
        engine = Engine(Path(folder), *flags)
        engine.data.mkdir()
        (engine.folder / "owner").write_text(str(os.getpid()))
        try:
            if in_memory and psutil.virtual_memory().available > ENOUGH_MEMORY:
                subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=0711", "engine", engine.data], check=True)
            engine.start()
            yield engine
        finally:
            engine.end()


def missing() -> str | None:
    """Why no engine can be started here, as a sentence with what to do; None if one can."""
    if os.geteuid() != 0:
        return "Containers are tested as root: sudo make test"
    if _dockerd() is None or _client() is None:
        return "The Docker engine is missing: sudo apt-get install docker.io iptables iproute2"
    if os.environ.get("TESTS_APART") != "1":
        return "Containers are tested apart from this machine's network: tools/apart.sh .venv/bin/python -m pytest …"
    return next(
        (
            f"An image is missing: make {tar.relative_to(ROOT)}"
            for tar in (DEBIAN, LAB_TAR)
            if not tar.exists()
        ),
        None,
    )


def import_small(engine: Engine) -> str:
    """The tag of a small image, which is in that engine then."""
    engine.docker("import", *HOME, str(DEBIAN), SMALL)
    return SMALL


def import_lab(engine: Engine) -> str:
    """The same with JupyterLab. It takes some seconds."""
    engine.docker("import", *HOME, "--change", "ENV PATH=/opt/lab/bin:/usr/bin:/usr/sbin", str(LAB_TAR), LAB)
    return LAB


def end_what_was_left() -> None:
    """By sessions that were killed."""
    for owner in Path("/tmp").glob(f"{PREFIX}*/owner"):
        if not psutil.pid_exists(int(owner.read_text() or 0)):
            Engine(owner.parent).end()


def mounts_below(folder: Path) -> list[str]:
    """Mount points below a folder as this namespace has them, in the order they were made."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    points = [line.split()[4].encode().decode("unicode_escape") for line in lines]
    return [point for point in points if point.startswith(f"{folder}/")]


def unmount_below(folder: Path) -> None:
    for place in reversed(mounts_below(folder)):
        subprocess.run(["umount", "--lazy", place], check=False, capture_output=True)


def _dockerd() -> str | None:
    return shutil.which("dockerd", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")


def _client() -> str | None:
    return shutil.which("docker", path="/usr/bin:/usr/local/bin")


def _plain_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("DOCKER_")}


def _end(process: psutil.Process, number: signal.Signals) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(number)
        process.wait(30)
