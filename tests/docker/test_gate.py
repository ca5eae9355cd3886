"""The gate before a real engine: a control plane that is not root does its day's work through it, and gets nowhere else."""

import contextlib
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.docker_engine import Engine

from carrel import mint

from .not_root import NOBODY, as_nobody

OURS = mint.new_id()


class Gate:
    def __init__(self, folder: Path, engine: Engine) -> None:
        self.folder = folder
        self.engine = engine
        self.socket = folder / "run" / "gate.sock"
        self.keep = folder / "keep"
        self.state = folder / "state"

    def start(self) -> subprocess.Popen[bytes]:
        options = {
            "socket": self.socket,
            "engine": self.engine.socket,
            "state-dir": self.state,
            "keep": self.keep,
        }
        words = [f"--{name}={value}" for name, value in options.items()]
        process = subprocess.Popen([str(Path(sys.executable).with_name("carrel")), "gate", *words])
        deadline = time.monotonic() + 30
        while not self.socket.is_socket():
            assert process.poll() is None, "the gate ended"
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return process


@pytest.fixture(scope="module")
def gate(docker: Engine) -> Iterator[Gate]:
    with tempfile.TemporaryDirectory(prefix="gate-", dir="/tmp", ignore_cleanup_errors=True) as name:
        gate = Gate(Path(name), docker)
        gate.folder.chmod(0o755)
        for place in (gate.state, gate.state / "homes"):
            place.mkdir(mode=0o700)
            subprocess.run(["chown", f"{NOBODY}:{NOBODY}", place], check=True)
        process = gate.start()
        yield gate
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert not gate.socket.exists()
        slots = gate.keep / "slots"
        with contextlib.suppress(subprocess.CalledProcessError):
            subprocess.run(["umount", slots], check=True, capture_output=True)


@pytest.fixture
def stranger(docker: Engine, image: str) -> Iterator[str]:
    """Somebody else's container on the same engine."""
    name = docker.docker(
        "run", "-d", "--init", "--label", "carrel.installation=another", image, "sleep", "600"
    ).stdout.strip()
    yield name
    docker.docker("rm", "-f", name)


def test_a_control_plane_that_is_not_root_does_its_work_through_the_gate(
    gate: Gate, image: str, stranger: str
) -> None:
    found = as_nobody("a_day", socket=str(gate.socket), image=image, installation=OURS)
    assert found == {
        "uid": NOBODY,
        "heard": OURS,
        "read": "hello",
        "said": "both ways\n",
        "listed": ["/carrel-wworkspaceaaaaaa"],
        "cpu": True,
        "networks": ["carrel-net"],
    }
    assert (gate.keep / "installation").read_text().strip() == OURS


def test_no_way_leads_from_it_to_the_machine_or_to_somebody_elses_containers(
    gate: Gate, image: str, stranger: str
) -> None:
    engine = str(gate.engine.socket)
    tried = as_nobody(
        "attacks", socket=str(gate.socket), engine=engine, image=image, installation=OURS, stranger=stranger
    )
    assert tried.pop("engine") is False, "nor does it have the engine's own socket"
    assert tried.pop("lists") == 0
    assert set(tried.values()) == {403}, tried
    assert gate.engine.docker("inspect", "-f", "{{.State.Running}}", stranger).stdout.strip() == "true"


def test_it_speaks_for_one_installation_only(gate: Gate) -> None:
    assert as_nobody("makes_a_network", socket=str(gate.socket), installation=OURS) == 200
    assert as_nobody("makes_a_network", socket=str(gate.socket), installation=mint.new_id()) == 403


def test_nobody_else_may_knock(gate: Gate) -> None:
    """Root may; whoever is neither root nor runs Carrel does not get past the socket, nor past the door behind it."""
    gate.socket.chmod(0o666)
    answered = (
        as_nobody("version", socket=str(gate.socket)),
        as_nobody("version", socket=str(gate.socket), user=NOBODY - 1),
    )
    gate.socket.chmod(0o660)
    assert answered == (200, 403)


def test_mounts_and_walls_are_made_by_the_gate_from_ids_alone(gate: Gate) -> None:
    workspace, home = mint.new_id(), mint.new_id()
    found = as_nobody(
        "verbs", socket=str(gate.socket), workspace=workspace, home=home, bridge="crl-0123456789"
    )
    assert found.pop("missing") > 0
    assert found.pop("slot").startswith(str(gate.keep / "slots" / workspace))
    assert found == {
        "raised": 0,
        "holds": home,
        "left": 0,
        "mounted": False,
        "place": "Rejected",
        "home": "Rejected",
        "folder": "Rejected",
        "bridge": "Rejected",
    }
    assert (gate.state / "homes" / home).stat().st_uid == NOBODY
