"""A look from beside a Carrel that may run, or may never have run: its settings, its machine, its process. Changes nothing."""

import fcntl
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from carrel.app.doctor.doctor import Doctor
from carrel.app.statedir import StateDir
from carrel.clock import SystemClock
from carrel.domain.errors import CarrelError
from carrel.domain.finding import Finding, Report
from carrel.rules.checkup import machine
from carrel.rules.checkup.catalog import in_order
from carrel.settings import Settings, load


@dataclass(frozen=True, slots=True)
class Beside:
    """What is known before anything is checked."""

    settings: Settings | None
    """None where they cannot be understood."""
    finding: Finding
    """About the settings."""


def read_settings(config: Path | None, state_dir: Path | None, environ: Mapping[str, str]) -> Beside:
    given = {"state_dir": str(state_dir.absolute())} if state_dir else {}
    try:
        settings = load(config, given, environ)
    except CarrelError as error:
        return Beside(None, machine.settings(error.sentence, []))
    places = sorted({place for place in settings.sources.values() if place not in ("default", "built-in")})
    return Beside(settings, machine.settings(None, places))


async def look(beside: Beside, *, answers: bool) -> Report:
    """`answers`: a Carrel that runs here was heard, and tells the rest itself."""
    clock = SystemClock()
    if beside.settings is None:
        return Report(clock.now(), (beside.finding,))
    state = StateDir(beside.settings.state_dir)
    report = await Doctor(beside.settings, clock).look()
    process = machine.runs(running_pid(state), answers=answers, state=str(state.root))
    return Report(report.at, in_order((beside.finding, process, *report.findings)))


def running_pid(state: StateDir) -> int | None:
    """Of the Carrel that holds the state directory. The lock tells, not the file: a killed one leaves its pid behind."""
    try:
        descriptor = os.open(state.pid_file, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return int(os.pread(descriptor, 32, 0).strip() or b"0") or None
    finally:
        os.close(descriptor)
    return None
