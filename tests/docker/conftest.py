"""Tests of containers, with one private engine for all of them (tests/docker_engine.py). They run in one process, one after the other.

One of them alone: `make .cache/images/lab.tar`, then
`tools/apart.sh .venv/bin/python -m pytest -q -x tests/docker/test_engine.py`
"""

import ctypes
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.docker_engine import (
    Engine,
    an_engine,
    end_what_was_left,
    import_lab,
    import_small,
    missing,
    mounts_below,
)

CLONE_NEWNET = 0x40000000
"""Linux's number (sched.h); Python has `os.unshare` from 3.12 on."""


@pytest.fixture(scope="session", autouse=True)
def network_of_its_own() -> None:
    """Chromium gives up what waits for a connection whenever an interface comes or goes (net::ERR_NETWORK_CHANGED), and an engine brings
    one for each container: the process that has the engine leaves the network of those that have a browser.
    """
    if missing() is not None:
        return
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


@pytest.fixture(scope="session")
def docker() -> Iterator[Engine]:
    """The session's engine. Who kills or stops it starts it again; who leaves containers behind removes them (`clear`)."""
    if why := missing():
        pytest.skip(why)
    end_what_was_left()
    with an_engine() as engine:
        yield engine


@pytest.fixture(scope="session")
def image(docker: Engine) -> str:
    """The tag of a small image in the session's engine: Python, a shell, `ps`, `ip`; its USER is 1000:1000."""
    return import_small(docker)


@pytest.fixture(scope="session")
def lab_image(docker: Engine) -> str:
    """The same with JupyterLab, only for what no small app shows."""
    return import_lab(docker)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A state directory in which homes are mounted without an engine. Nothing stays mounted there."""
    if why := missing():
        pytest.skip(why)
    for name in ("homes", "course"):
        (tmp_path / name).mkdir(mode=0o700)
    (tmp_path / "course" / "lesson.txt").write_text("first")
    yield tmp_path
    for point in reversed(mounts_below(tmp_path)):
        subprocess.run(["umount", "--lazy", point], check=True)
