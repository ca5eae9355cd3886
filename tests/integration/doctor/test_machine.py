"""Findings about the machine, from real directories, limits, locks and clocks."""

import fcntl
import json
import os
import resource
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from carrel.app.doctor import beside
from carrel.app.doctor import machine as gathered
from carrel.clock import SystemClock
from carrel.domain.finding import Outcome
from carrel.rules.checkup import machine
from carrel.rules.checkup.kind import Kind

from .examined import findings, is_well, patient_of, produced

MEMORY_EATERS = """
[templates.large]
command = ["sh"]
memory = "900TiB"
[pools.large]
template = "large"
backend = "local"
warm = 1
"""
IN_CONTAINERS = """
[backends.engine]
driver = "docker"
[pools.jupyterlab]
template = "jupyterlab"
backend = "engine"
"""


async def test_a_settings_file_that_cannot_be_understood_is_a_finding(tmp_path: Path) -> None:
    config = tmp_path / "carrel.toml"
    config.write_text("prot = 8000")
    known = beside.read_settings(config, tmp_path / "S", {})
    report = await beside.look(known, answers=False)
    found = produced(report.findings, "CRL101", Outcome.BAD)
    assert "did you mean port?" in found.found
    assert len(report.findings) == 1, "without settings there is nothing else to look at"


async def test_a_file_in_place_of_the_state_directory(tmp_path: Path) -> None:
    (tmp_path / "S").write_text("")
    found = produced(await findings(patient_of(tmp_path / "S"), machine.STATE_DIR), "CRL102", Outcome.BAD)
    assert "no directory" in found.found


async def test_a_state_directory_below_a_file_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    patient = patient_of(tmp_path / "S")
    below = patient.settings.model_copy(update={"state_dir": tmp_path / "file" / "S"})
    found = produced(
        await findings(replace(patient, settings=below), machine.STATE_DIR), "CRL102", Outcome.BAD
    )
    assert "cannot be made" in found.found


async def test_a_state_directory_that_others_may_enter(tmp_path: Path) -> None:
    state = tmp_path / "S"
    state.mkdir(mode=0o755)
    state.chmod(0o755)
    found = produced(await findings(patient_of(state), machine.STATE_DIR), "CRL102", Outcome.WARNING)
    assert "0755" in found.found
    state.chmod(0o700)
    assert is_well(await findings(patient_of(state), machine.STATE_DIR), "CRL102")


async def test_a_path_too_long_for_sockets_is_told_before_the_first_start(tmp_path: Path) -> None:
    found = produced(
        await findings(patient_of(tmp_path / ("S" * 100)), machine.STATE_DIR), "CRL102", Outcome.BAD
    )
    assert "too long for the sockets" in found.found


async def test_sockets_and_keys_that_others_may_open(tmp_path: Path) -> None:
    state = tmp_path / "S"
    (state / "run").mkdir(parents=True, mode=0o700)
    (state / "run" / "eds.json").write_text("{}")
    (state / "run" / "eds.json").chmod(0o644)
    found = produced(await findings(patient_of(state), machine.PRIVATE), "CRL103", Outcome.BAD)
    assert "eds.json" in found.found
    assert "chmod go-rwx" in found.fix
    (state / "run" / "eds.json").chmod(0o600)
    assert is_well(await findings(patient_of(state), machine.PRIVATE), "CRL103")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
async def test_files_that_belong_to_somebody_else(tmp_path: Path) -> None:
    state = tmp_path / "S"
    (state / "run").mkdir(parents=True, mode=0o700)
    os.chown(state / "run", 12345, -1)
    found = produced(await findings(patient_of(state), machine.PRIVATE), "CRL103", Outcome.BAD)
    assert "does not belong to" in found.found


@pytest.mark.parametrize(
    ("free", "outcome"), [(0.05, Outcome.WARNING), (0.001, Outcome.BAD)], ids=["little", "almost nothing"]
)
async def test_a_disk_that_is_nearly_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: float, outcome: Outcome
) -> None:
    blocks, files = 10_000_000, 1_000_000
    full = SimpleNamespace(
        f_frsize=4096,
        f_blocks=blocks,
        f_bavail=int(blocks * free),
        f_files=files,
        f_favail=int(files * free),
        f_flag=0,
    )
    monkeypatch.setattr(os, "statvfs", lambda _path: full)
    found = await findings(patient_of(tmp_path / "S"), machine.DISK)
    produced(found, "CRL104", outcome)
    produced(found, "CRL105", outcome)


def test_what_happens_on_a_real_small_full_disk(tmp_path: Path) -> None:
    place = tmp_path / "S"
    place.mkdir()
    if os.geteuid() != 0 or _mount(place).returncode != 0:
        pytest.skip("only somebody who may mount can make a small disk")
    try:
        (place / "filler").write_bytes(b"\0" * (1 << 20))
        told = _doctor(place)
    finally:
        subprocess.run(["umount", str(place)], check=True)
    found = [one for one in told["findings"] if one["code"] == "CRL104"]
    assert [one["outcome"] for one in found] == ["bad"]


def _mount(place: Path) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], capture_output=True, check=False
    )


def _doctor(state: Path, **more: object) -> dict[str, list[dict[str, str]]]:
    ended = subprocess.run(
        [sys.executable, "-m", "carrel", "doctor", "--json", "--state-dir", str(state)],
        cwd=state.parent,
        env={"PATH": os.environ["PATH"], "HOME": str(state.parent)},
        capture_output=True,
        text=True,
        check=False,
        **more,  # type: ignore[call-overload]
    )
    assert ended.returncode in (0, 9), ended.stderr
    return json.loads(ended.stdout)  # type: ignore[no-any-return]


def test_too_few_open_files_are_told_by_the_process_that_has_them(tmp_path: Path) -> None:
    told = _doctor(tmp_path / "S", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (512, 512)))
    found = next(one for one in told["findings"] if one["code"] == "CRL106")
    assert found["outcome"] == "bad"
    assert "At most 512" in found["found"]


async def test_too_few_open_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _kind: (1300, 1300))
    produced(await findings(patient_of(tmp_path / "S"), machine.OPEN_FILES), "CRL106", Outcome.WARNING)


async def test_more_memory_promised_than_there_is(tmp_path: Path) -> None:
    found = await findings(patient_of(tmp_path / "S", MEMORY_EATERS), machine.MEMORY)
    produced(found, "CRL107", Outcome.BAD)


@pytest.mark.parametrize("kind", [machine.MEMORY, machine.PROCESSES], ids=["memory", "processes"])
async def test_nothing_is_said_of_what_pools_take_here_where_none_runs_here(
    tmp_path: Path, kind: Kind
) -> None:
    assert await findings(patient_of(tmp_path / "S", IN_CONTAINERS), kind) == []


async def test_the_memory_of_our_control_group_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathered, "_CGROUPS", tmp_path)
    (tmp_path / "memory.max").write_text("2147483648\n")
    found = await findings(patient_of(tmp_path / "S"), machine.MEMORY)
    assert "2.0 GiB" in produced(found, "CRL107", Outcome.WARNING).found


async def test_a_limit_on_processes_that_the_pools_would_reach(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathered, "_CGROUPS", tmp_path)
    (tmp_path / "pids.max").write_text("10\n")
    produced(await findings(patient_of(tmp_path / "S"), machine.PROCESSES), "CRL108", Outcome.BAD)
    (tmp_path / "pids.max").write_text("max\n")


class SetBack(SystemClock):
    """A clock that somebody set back after the start."""

    def __init__(self, by: timedelta) -> None:
        self._by = by

    def now(self) -> datetime:
        return super().now() - self._by


async def test_a_clock_that_was_set_back_since_the_start(tmp_path: Path) -> None:
    started = (SystemClock().now(), SystemClock().monotonic())
    patient = replace(patient_of(tmp_path / "S"), clock=SetBack(timedelta(seconds=30)), started=started)
    found = produced(await findings(patient, machine.CLOCK), "CRL109", Outcome.WARNING)
    assert "back by 30 seconds" in found.found


async def test_a_clock_that_was_never_set(tmp_path: Path) -> None:
    never = SetBack(SystemClock().now() - datetime(1970, 1, 1, tzinfo=UTC))
    patient = replace(patient_of(tmp_path / "S"), clock=never)
    produced(await findings(patient, machine.CLOCK), "CRL109", Outcome.BAD)


async def test_a_carrel_that_runs_and_does_not_answer(tmp_path: Path) -> None:
    state = tmp_path / "S"
    (state / "run").mkdir(parents=True, mode=0o700)
    known = beside.read_settings(None, state, {"HOME": str(tmp_path)})
    with (state / "run" / "carrel.pid").open("w") as held:
        held.write("4242\n")
        held.flush()
        assert is_well((await beside.look(known, answers=False)).findings, "CRL110"), "a killed one's file"
        fcntl.flock(held, fcntl.LOCK_EX)
        found = produced((await beside.look(known, answers=False)).findings, "CRL110", Outcome.BAD)
    assert "process 4242" in found.found
    assert "kill 4242" in found.fix


async def test_looking_changes_nothing(tmp_path: Path) -> None:
    state = tmp_path / "S"
    known = beside.read_settings(None, state, {"HOME": str(tmp_path)})
    await beside.look(known, answers=False)
    assert not state.exists()
