"""What the catalogue starts for RStudio, with stand-ins for its programs: where the server keeps things, and what a session of R begins with."""

import os
import subprocess
from pathlib import Path

import pytest

from carrel.settings.load import load

SAYS = '#!/bin/sh\nfor each; do echo "$each"; done\nenv\n'


@pytest.fixture
def slot(tmp_path: Path) -> Path:
    slot = tmp_path / "slot"
    for folder in ("etc", "run", "data", "person"):
        (slot / folder).mkdir(parents=True)
    for name, text in load(None, {}, {"HOME": "/"}).templates["rstudio"].files.items():
        (slot / name).write_text(text)
    (tmp_path / "bin").mkdir()
    for name in ("rserver", "rsession"):
        (tmp_path / "bin" / name).write_text(SAYS)
        (tmp_path / "bin" / name).chmod(0o755)
    return slot


def said(slot: Path, *command: str, path: str = "") -> "subprocess.CompletedProcess[str]":
    environment = {"PATH": path or f"{slot.parent / 'bin'}:{os.environ['PATH']}", "HOME": "/"}
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, cwd=slot.parent
    )


def test_the_server_keeps_everything_in_the_slot_and_asks_nobody_for_a_password(slot: Path) -> None:
    started = said(slot, "sh", f"{slot}/etc/rserver.sh", str(slot), "0.0.0.0", "8888")

    assert started.returncode == 0, started.stderr
    lines = started.stdout.splitlines()
    me = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
    for wanted in (
        "--auth-none=1",
        "--www-address=0.0.0.0",
        "--www-port=8888",
        f"--server-user={me}",
        f"USER={me}",
    ):
        assert wanted in lines
    places = [
        line.partition("=")[2]
        for line in lines
        if line.startswith(("--server-data", "--server-pid", "--secure", "--database", "--rsession"))
    ]
    assert len(places) == 5
    assert all(place.startswith(f"{slot}/run/") for place in places)
    assert f"directory={slot}/run/rstudio\n" in (slot / "run" / "database.conf").read_text()
    assert (slot / "run" / "database.conf").stat().st_mode & 0o077 == 0
    assert os.access(slot / "run" / "rsession.sh", os.X_OK)


def test_a_session_of_r_has_what_was_delivered_since_the_server_began(slot: Path) -> None:
    said(slot, "sh", f"{slot}/etc/rserver.sh", str(slot), "0.0.0.0", "8888")
    (slot / "person" / "environment").write_text("export COURSE='statistics'\n")

    begun = said(slot, f"{slot}/run/rsession.sh", "--session-arg")

    lines = begun.stdout.splitlines()
    assert lines[0] == "--session-arg"
    assert "COURSE=statistics" in lines
    assert f"GIT_CONFIG_SYSTEM={slot}/person/gitconfig" in lines
    assert f"CARREL_PERSON={slot}/person" in lines


def test_where_it_is_not_installed_that_is_said(slot: Path) -> None:
    failed = said(slot, "sh", f"{slot}/etc/rserver.sh", str(slot), "0.0.0.0", "8888", path="/usr/bin:/bin")

    assert failed.returncode == 127
    assert "Not found: rserver" in failed.stderr
