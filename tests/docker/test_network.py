"""The network of a backend on a real engine, and what the doctor finds out about both."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.docker.cell import recipe, started
from tests.docker_engine import Engine

from carrel.clock import SystemClock
from carrel.domain.finding import Finding, Outcome
from carrel.domain.ids import InstallationId, WorkspaceId
from carrel.drivers.docker import labels
from carrel.drivers.docker.driver import open_driver
from carrel.drivers.docker.engine import Engine as Connection
from carrel.drivers.docker.labels import Owner
from carrel.drivers.docker.network.bridge import Network, bridge_name, network_name
from carrel.drivers.docker.network.firewall import Iptables
from carrel.drivers.docker.network.guard import Guard
from carrel.drivers.docker.network.walls import Walls
from carrel.ports.driver import DriverContext, DriverError, DriverUnavailable, Examines, Rejected

OWNER = Owner(InstallationId("i00000000000netw"), "engine")
ONE = WorkspaceId("w0000000000000n1")


@pytest.fixture
async def engine(docker: Engine) -> AsyncIterator[Connection]:
    engine = Connection(docker.host)
    yield engine
    await engine.aclose()
    docker.clear()


def network(engine: Connection, book: Path, subnet: str | None = None) -> Network:
    return Network(engine, OWNER, book, clock=SystemClock(), subnet=subnet)


async def test_several_control_planes_make_one_network_and_find_it_again(
    docker: Engine, engine: Connection, tmp_path: Path
) -> None:
    docker.docker("network", "create", f"{network_name(OWNER)}-trial")  # left over by one that was killed
    found = await asyncio.gather(
        *(network(engine, tmp_path / str(each)).ensure() for each in range(4)), return_exceptions=True
    )
    assert all(not isinstance(each, BaseException) or isinstance(each, DriverUnavailable) for each in found)
    at = await network(engine, tmp_path / "again").ensure()
    assert {each for each in found if not isinstance(each, BaseException)} <= {at}
    assert at.bridge == bridge_name(OWNER)
    listed = docker.docker("network", "ls", "--quiet", "--filter", f"label=carrel.backend={OWNER.backend}")
    assert len(listed.stdout.split()) == 1
    await network(engine, tmp_path / "again").remove()
    await network(engine, tmp_path / "again").remove()
    assert await network(engine, tmp_path / "again").find() is None


async def test_a_network_of_somebody_else_and_a_subnet_that_is_taken_are_refused(
    docker: Engine, engine: Connection, tmp_path: Path
) -> None:
    docker.docker("network", "create", "--subnet", "10.77.0.0/24", "others")
    with pytest.raises(Rejected, match="Choose another"):
        await network(engine, tmp_path / "book", "10.77.0.0/16").ensure()
    docker.docker("network", "create", network_name(OWNER))
    with pytest.raises(Rejected, match="remove or rename"):
        await network(engine, tmp_path / "book").ensure()


async def test_addresses_are_ours_to_choose_and_one_that_somebody_has_is_not_chosen(
    docker: Engine, image: str, engine: Connection, tmp_path: Path
) -> None:
    small = network(engine, tmp_path / "book", "10.78.0.0/29")
    address = await started(engine, small, recipe(image), workspace_id=ONE, owner=OWNER)
    shown = docker.docker(
        "inspect",
        "--format",
        "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}",
        labels.container(ONE),
    )
    assert shown.stdout.strip() == address
    at = await small.ensure()
    docker.docker("stop", "--time", "0", labels.container(ONE))
    beside = network(engine, tmp_path / "another book", "10.78.0.0/29")
    chosen = {await beside.choose(at) for _ in range(4)}
    assert chosen == {f"10.78.0.{each}" for each in range(2, 7)} - {address}
    docker.docker("start", labels.container(ONE))
    with pytest.raises(DriverError):
        await small.remove()


async def test_the_doctor_is_told_what_the_engine_can_do_and_which_walls_stand(
    docker: Engine, engine: Connection, tmp_path: Path
) -> None:
    options: dict[str, object] = {"host": docker.host, "subnet": "10.79.0.0/24"}
    driver = open_driver(DriverContext(OWNER.backend, OWNER.installation, str(tmp_path), options))
    assert isinstance(driver, Examines)
    before = by_code(await driver.findings())
    assert {code for code, found in before.items() if found.outcome is Outcome.BAD} == set()
    assert before["CRL522"].outcome is Outcome.GOOD
    assert before["CRL524"].outcome in (Outcome.GOOD, Outcome.WARNING)
    assert before["CRL528"].outcome is Outcome.WARNING

    guard = Guard(network(engine, tmp_path / "book", "10.79.0.0/24"), Iptables(), clock=SystemClock())
    at = await guard.ready()
    assert by_code(await driver.findings())["CRL525"].found.startswith("They stand")
    await Iptables().lower_walls(Walls(at.bridge, at.subnet))
    assert by_code(await driver.findings())["CRL525"].outcome is Outcome.BAD
    await driver.aclose()


def by_code(findings: object) -> dict[str, Finding]:
    assert isinstance(findings, list)
    return {finding.code: finding for finding in findings}
