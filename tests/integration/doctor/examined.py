"""Somebody to examine, and what the doctor says of them."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from carrel.app.doctor.checks import run_all
from carrel.app.doctor.doctor import checks_of
from carrel.app.doctor.patient import Patient
from carrel.clock import SystemClock
from carrel.domain.finding import Finding, Outcome
from carrel.rules.checkup.kind import Kind
from carrel.settings import Settings, load


def settings_of(state: Path, toml: str = "", **given: Any) -> Settings:
    config = state.parent / "carrel.toml"
    config.write_text(toml)
    return load(config, {"state_dir": str(state), **given}, {"HOME": str(state.parent)})


def patient_of(state: Path, toml: str = "", **given: Any) -> Patient:
    """Nothing of it runs."""
    return Patient(settings_of(state, toml, **given), SystemClock())


def running(house: Any, state: Path, toml: str = "", **given: Any) -> Patient:
    """A Carrel that looks at itself: the house's, with these settings."""
    clock = house.context.clock
    return replace(
        patient_of(state, toml, **given), context=house.context, started=(clock.now(), clock.monotonic())
    )


async def findings(patient: Patient, kind: Kind) -> list[Finding]:
    """What the checks say that look at this kind."""
    return await run_all([check for check in checks_of(patient) if kind in check.kinds])


def produced(found: Sequence[Finding], code: str, outcome: Outcome, about: str | None = None) -> Finding:
    """The one finding with this code (and about this thing), which has this outcome and says why and what to do."""
    [one] = [one for one in found if one.code == code and about in (None, one.about)]
    assert one.outcome is outcome, one
    assert one.found
    assert one.why
    assert one.fix
    return one


def is_well(found: Sequence[Finding], code: str) -> bool:
    """All findings with this code are good, and there is at least one."""
    return {one.outcome for one in found if one.code == code} == {Outcome.GOOD}
