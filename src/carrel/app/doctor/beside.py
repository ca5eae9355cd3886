"""A look from beside a Carrel that may run, or may never have run: its settings, its machine, its process. Changes nothing."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from carrel.app.doctor.doctor import Doctor
from carrel.app.doctor.machine import name_of
from carrel.app.statedir import StateDir
from carrel.clock import SystemClock
from carrel.domain.errors import CarrelError
from carrel.domain.finding import Diagnosis, Finding
from carrel.rules.checkup import machine
from carrel.rules.checkup.catalog import in_order
from carrel.settings import Settings, load

_LOCKS: Final = Path("/proc/locks")


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


async def look(beside: Beside, *, answers: bool) -> Diagnosis:
    """`answers`: a Carrel that runs here was heard, and tells the rest itself."""
    clock = SystemClock()
    if beside.settings is None:
        return Diagnosis(clock.now(), (beside.finding,))
    state = StateDir(beside.settings.state_dir)
    report = await Doctor(beside.settings, clock).look()
    process = machine.runs(
        running_pid(state), answers=answers, state=str(state.root), owner=_owner(state.root)
    )
    return Diagnosis(report.at, in_order((beside.finding, process, *report.findings)))


def running_pid(state: StateDir) -> int | None:
    """Of the Carrel that holds the state directory. The lock tells, not the file: a killed one leaves its pid behind.

    Read, not tried: a lock of ours, however short, could keep a Carrel that starts just now from starting.
    """
    try:
        inode = state.pid_file.stat().st_ino
        held = [line.split() for line in _LOCKS.read_text().splitlines() if " FLOCK " in line]
        if not any(field.endswith(f":{inode}") for fields in held for field in fields):
            return None
        return int(state.pid_file.read_text() or 0) or None
    except (OSError, ValueError):
        return None


def _owner(root: Path) -> str | None:
    """Somebody else than us, whose Carrel only they can ask."""
    try:
        uid = root.stat().st_uid
    except OSError:
        return None
    return name_of(uid) if uid != os.geteuid() else None
