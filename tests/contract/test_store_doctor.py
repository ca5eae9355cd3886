"""The doctor sees a store on either engine as it is: of this version, without tables, with a clock of its own."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from carrel.app.doctor import store as gathered
from carrel.app.doctor.checks import run_all
from carrel.app.doctor.patient import Patient
from carrel.clock import SystemClock
from carrel.domain.finding import Finding, Outcome
from carrel.settings import load


class SetBack(SystemClock):
    def now(self) -> datetime:
        return super().now() - timedelta(minutes=1)


def patient_of(url: str, folder: Path) -> Patient:
    given = {"state_dir": str(folder / "S"), "database_url": url}
    return Patient(load(None, given, {"HOME": str(folder)}), SystemClock())


async def findings(patient: Patient) -> Sequence[Finding]:
    return await run_all(gathered.checks(patient))


async def test_a_store_of_this_version_is_well(url: str, tmp_path: Path) -> None:
    found = await findings(patient_of(url, tmp_path))
    assert {"CRL401", "CRL402"} <= {one.code for one in found}
    assert {one.outcome for one in found} == {Outcome.GOOD}, found


async def test_a_store_without_tables_is_told(empty_url: str, tmp_path: Path, engine_name: str) -> None:
    """A file that is not there yet is no more than that."""
    found = {one.code: one for one in await findings(patient_of(empty_url, tmp_path))}
    assert found["CRL401"].outcome is Outcome.GOOD
    if engine_name == "postgresql":
        assert "none yet" in found["CRL402"].found
    else:
        assert "does not exist yet" in found["CRL401"].found


@pytest.mark.parametrize("engine_name", [pytest.param("postgresql", marks=pytest.mark.postgresql)])
async def test_the_clocks_of_two_machines_are_compared(url: str, tmp_path: Path, engine_name: str) -> None:
    patient = replace(patient_of(url, tmp_path), clock=SetBack())
    found = {one.code: one for one in await findings(patient)}
    assert found["CRL406"].outcome is Outcome.BAD
    assert "60.0 seconds ahead" in found["CRL406"].found
