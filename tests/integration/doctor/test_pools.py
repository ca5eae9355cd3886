"""Findings about pools and backends, from a real store and the drivers."""

import asyncio
import socket
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from carrel.domain.finding import Finding, Outcome
from carrel.domain.ids import BackendName, ClaimId, PoolName, TemplateName
from carrel.domain.pool import Pool
from carrel.drivers.memory import ColdMemoryDriver, World
from carrel.mint import new_id
from carrel.ports.driver import DriverUnavailable, Instance, Spec
from carrel.rules.checkup import pools
from carrel.store import claims
from carrel.store import pools as store

from .examined import findings, is_well, patient_of, produced, running

MISSING = """
[templates.lab]
command = ["no-such-program"]
[pools.lab]
template = "lab"
backend = "local"
"""


class Away(ColdMemoryDriver):
    async def list(self) -> Sequence[Instance]:
        raise DriverUnavailable("The cloud does not answer.")

    async def findings(self) -> Sequence[Finding]:
        raise DriverUnavailable("The cloud cannot be examined.")


class CannotAttach:
    """A driver of three verbs and no more."""

    async def list(self) -> Sequence[Instance]:
        return []


def with_driver(house: Any, driver: object) -> Any:
    house.context = replace(house.context, drivers={BackendName("memory"): driver})
    return house


async def test_a_backend_that_is_away(house: Any, tmp_path: Path) -> None:
    driver = Away(World(), place=(house.context.installation, "memory"), port=1)
    patient = running(with_driver(house, driver), tmp_path / "S")
    told = await findings(patient, pools.BACKEND)
    found = produced(told, "CRL501", Outcome.BAD)
    assert "The cloud does not answer." in found.found
    assert [one.code for one in told].count("CRL501") == 1, (
        "that it cannot be examined either says nothing new"
    )


async def test_a_backend_whose_driver_nobody_installed(tmp_path: Path) -> None:
    patient = patient_of(tmp_path / "S", '[backends.moon]\ndriver = "moon"\n')
    found = await findings(patient, pools.BACKEND)
    assert "which is not installed" in produced(found, "CRL501", Outcome.BAD, about="moon").found


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ('host = "ssh://engine"', "backends.engine.host"),
        ('host = "tcp://engine:2376"\naddress = "10.0.0.7"\ntls_ca = "/no/ca.pem"', "the tls_ca of"),
        ('pull = "sometimes"', "backends.engine.pull"),
        ('host = "unix:///no/docker.sock"', "no socket at /no/docker.sock, the `host` of the backend"),
        ('host = "unix:///etc/passwd"', "/etc/passwd, the `host` of the backend, is no socket"),
        ('gate = "/no/gate.sock"', "See whether carrel gate runs"),
        (
            'host = "tcp://engine:2375"\naddress = "10.0.0.7"\nregistries."a.io" = { username = "a", password_file = "/no/a" }',
            "The password for the registry a.io cannot be read",
        ),
    ],
    ids=["host", "file", "word", "socket", "no socket", "gate", "password"],
)
async def test_what_an_engine_is_asked_by_is_looked_at_before_the_first_start(
    tmp_path: Path, options: str, said: str
) -> None:
    engine = '[backends.engine]\ndriver = "docker"\n'
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "d"))
        there = f'{engine}host = "unix://{tmp_path / "d"}"\n'
        assert is_well(await findings(patient_of(tmp_path / "S", there), pools.BACKEND), "CRL501")
    found = await findings(patient_of(tmp_path / "S", engine + options), pools.BACKEND)
    assert said in produced(found, "CRL501", Outcome.BAD, about="engine").found
    assert not (tmp_path / "S").exists(), "nothing is opened"


async def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    found = await findings(patient_of(tmp_path / "S", MISSING), pools.COMMAND)
    assert "no-such-program" in produced(found, "CRL502", Outcome.BAD, about="lab").found


async def test_jupyter_without_jupyterlab(tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "jupyter").write_text("#!/bin/sh\n")
    (programs / "jupyter").chmod(0o755)
    config = f'[backends.local]\npath = "{programs}"\n'
    found = await findings(patient_of(tmp_path / "S", config), pools.COMMAND)
    one = produced(found, "CRL502", Outcome.BAD, about="jupyterlab")
    assert "`jupyter lab` is not" in one.found
    assert "pip install jupyterlab" in one.fix
    (programs / "jupyter-lab").symlink_to("jupyter")
    assert is_well(await findings(patient_of(tmp_path / "S", config), pools.COMMAND), "CRL502")


@pytest.mark.parametrize(
    ("app", "there", "lack", "fix"),
    [
        ("marimo", ["sh"], "Not found: marimo", "make apps"),
        ("streamlit", ["sh"], '"streamlit" was not found', "Install it"),
        ("shiny", ["Rscript"], "its package shiny is not", "r-cran-shiny"),
        (
            "desktop",
            ["sh", "Xtigervnc", "xterm"],
            "Not found: xauth, openbox, websockify",
            "apt-get install tigervnc",
        ),
    ],
)
async def test_an_app_of_the_catalogue_whose_programs_are_missing(
    tmp_path: Path, app: str, there: list[str], lack: str, fix: str
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in there:
        (programs / name).write_text("#!/bin/sh\nexit 1\n")
        (programs / name).chmod(0o755)
    config = f'[backends.local]\npath = "{programs}"\n[pools.{app}]\ntemplate = "{app}"\nbackend = "local"\n'

    found = await findings(patient_of(tmp_path / "S", config), pools.COMMAND)

    one = produced(found, "CRL502", Outcome.BAD, about=app)
    assert lack in one.found
    assert fix in one.fix


async def test_a_template_that_no_pool_uses_is_not_asked_for_its_programs(tmp_path: Path) -> None:
    found = await findings(patient_of(tmp_path / "S", "[pools]\njupyterlab = false\n"), pools.COMMAND)

    assert not [finding for finding in found if finding.outcome is Outcome.BAD]


async def test_a_pool_that_is_not_filled_by_anybody(house: Any, tmp_path: Path) -> None:
    await house.pool(warm=2)
    patient = running(house, tmp_path / "S")
    found = produced(await findings(patient, pools.WARM), "CRL503", Outcome.BAD)
    assert "nothing is being started" in found.found
    await house.warm(count=2)
    assert is_well(await findings(patient, pools.WARM), "CRL503")


async def test_a_paused_pool_is_not_filled_on_purpose(house: Any, tmp_path: Path) -> None:
    pool = await house.pool(warm=2)
    await house.context.store.write(store.put, replace(pool, paused=True), house.context.clock.now())
    patient = running(house, tmp_path / "S")
    found = produced(await findings(patient, pools.WARM), "CRL503", Outcome.WARNING)
    assert found.fix == "`carrel pool resume lab`"
    produced(await findings(patient, pools.USABLE), "CRL504", Outcome.WARNING)


async def test_a_pool_that_can_hold_nobody(house: Any, tmp_path: Path) -> None:
    await house.pool(limit=0)
    found = await findings(running(house, tmp_path / "S"), pools.USABLE)
    assert "nobody ever gets one" in produced(found, "CRL504", Outcome.BAD).found


async def test_pools_whose_backend_or_template_is_missing(house: Any, tmp_path: Path) -> None:
    lost = Pool(PoolName("lost"), house.recipe.name, BackendName("moon"))
    bare = Pool(PoolName("bare"), TemplateName("retired"), BackendName("memory"))
    for pool in (lost, bare):
        await house.context.store.write(store.put, pool, house.context.clock.now())
    found = await findings(running(house, tmp_path / "S"), pools.USABLE)
    assert "moon is not open" in produced(found, "CRL504", Outcome.BAD, about="lost").found
    assert "retired is not offered" in produced(found, "CRL504", Outcome.BAD, about="bare").found


async def test_somebody_who_has_waited_for_long(house: Any, tmp_path: Path) -> None:
    pool, ada = await house.pool(), await house.person("ada")
    long_ago = house.context.clock.now() - timedelta(minutes=7)

    def wait(conn: Any) -> None:
        claims.take(conn, claim_id=ClaimId(new_id()), user_id=ada.id, pool=pool, name="default", now=long_ago)

    await house.context.store.write(wait)
    found = await findings(running(house, tmp_path / "S"), pools.WAITING)
    assert "1 person waits, the first for 7 minutes" in produced(found, "CRL505", Outcome.WARNING).found


async def test_an_instance_that_nobody_knows(house: Any, tmp_path: Path) -> None:
    pool = await house.pool()
    [known] = await house.warm()
    await house.driver.create(Spec(stray := new_id(), pool.name, house.recipe, ""))
    found = produced(await findings(running(house, tmp_path / "S"), pools.STRAYS), "CRL506", Outcome.WARNING)
    assert stray in found.found
    assert known.id not in found.found


async def test_fewer_ports_than_workspaces(tmp_path: Path) -> None:
    config = '[backends.local]\nports = "20000-20004"\n'
    found = await findings(patient_of(tmp_path / "S", config), pools.PORTS)
    assert "5 ports for up to 20" in produced(found, "CRL507", Outcome.BAD).found


async def test_a_backend_that_cannot_bring_homes_in(house: Any, tmp_path: Path) -> None:
    await house.pool(warm=1)
    found = await findings(running(house, tmp_path / "S"), pools.HOMES)
    assert is_well(found, "CRL508")
    patient = running(with_driver(house, CannotAttach()), tmp_path / "S")
    produced(await findings(patient, pools.HOMES), "CRL508", Outcome.WARNING)


async def test_a_backend_that_gives_nobody_what_the_template_promises(house: Any, tmp_path: Path) -> None:
    await house.pool()
    assert is_well(await findings(running(house, tmp_path / "S"), pools.CLAIMED), "CRL509")
    patient = running(with_driver(house, CannotAttach()), tmp_path / "S")
    produced(await findings(patient, pools.CLAIMED), "CRL509", Outcome.WARNING)


def _cold(house: Any) -> ColdMemoryDriver:
    return ColdMemoryDriver(World(), place=(house.context.installation, "memory"), port=1)


async def test_a_backend_that_starts_each_for_its_person_is_not_said_to_lack_warm_ones(
    house: Any, tmp_path: Path
) -> None:
    await house.pool(warm=2)
    patient = running(with_driver(house, _cold(house)), tmp_path / "S")
    [warm] = await findings(patient, pools.WARM)
    assert (warm.outcome, warm.found) == (
        Outcome.GOOD,
        "Each is started for its person, because the settings say so.",
    )
    found = produced(await findings(patient, pools.HOMES), "CRL508", Outcome.WARNING)
    assert "because the settings say so" in found.found


async def test_what_a_backend_finds_of_itself_is_told(house: Any, tmp_path: Path) -> None:
    driver = _cold(house)
    driver.world.findings.append(pools.HOMES.warning("It cannot.", "Let it.", about="memory"))
    patient = running(with_driver(house, driver), tmp_path / "S")
    [found] = [one for one in await findings(patient, pools.BACKEND) if one.about == "memory" and one.fix]
    assert (found.found, found.fix) == ("It cannot.", "Let it.")


async def test_a_backend_that_cannot_examine_itself_is_unknown_and_holds_nobody_up(
    house: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hangs(_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(ColdMemoryDriver, "findings", hangs)
    monkeypatch.setattr("carrel.app.doctor.pools._EXAMINES_WITHIN", 0.05)
    patient = running(with_driver(house, _cold(house)), tmp_path / "S")
    [found] = [one for one in await findings(patient, pools.BACKEND) if one.outcome is Outcome.UNKNOWN]
    assert "did not say what it can do here" in found.found
