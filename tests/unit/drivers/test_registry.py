"""Drivers are found by name, and a name or option nobody knows is answered with those that are known."""

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from carrel import mint
from carrel.domain.ids import InstallationId, PoolName, TemplateName, WorkspaceId
from carrel.domain.template import Template
from carrel.drivers.memory import World
from carrel.drivers.registry import known_drivers, open_backend
from carrel.ports.driver import Attaches, DriverContext, Logs, Rejected, Restarts, Spec, brings_files_at_start


def context(tmp_path: Path, **options: object) -> DriverContext:
    return DriverContext("here", InstallationId(mint.new_id()), str(tmp_path), options)


@pytest.mark.parametrize("kind", ["local", "memory"])
async def test_drivers_are_opened_by_name_and_can_all_there_is(tmp_path: Path, kind: str) -> None:
    driver = open_backend(kind, context(tmp_path))
    assert await driver.list() == []
    assert isinstance(driver, Attaches)
    assert isinstance(driver, Restarts)
    assert isinstance(driver, Logs)
    await driver.aclose()


def test_an_unknown_driver_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(Rejected) as refused:
        open_backend("dokcer", context(tmp_path))
    assert '"here"' in refused.value.sentence
    assert all(name in refused.value.sentence for name in ("dokcer", "local", "memory"))
    assert set(known_drivers()) >= {"local", "memory"}


@pytest.mark.parametrize("kind", ["local", "memory"])
def test_an_unknown_option_is_refused_by_name(tmp_path: Path, kind: str) -> None:
    with pytest.raises(Rejected, match=r"backends\.here\.colour"):
        open_backend(kind, context(tmp_path, colour="red"))


@pytest.mark.parametrize("port", [0, 70000, "80"])
def test_memory_refuses_what_is_no_port(tmp_path: Path, port: object) -> None:
    with pytest.raises(Rejected, match="endpoint_port"):
        open_backend("memory", context(tmp_path, endpoint_port=port))


async def test_memory_points_all_endpoints_at_the_wanted_port_on_addresses_of_their_own(
    tmp_path: Path,
) -> None:
    driver = open_backend("memory", context(tmp_path, endpoint_port=8123))
    for _ in range(50):
        spec = Spec(
            WorkspaceId(mint.new_id()), PoolName("desk"), Template(TemplateName("tiny"), ("tiny",)), ""
        )
        await driver.create(spec)
    endpoints = [instance.endpoint for instance in await driver.list()]
    assert {endpoint.port for endpoint in endpoints if endpoint} == {8123}
    assert len({endpoint.host for endpoint in endpoints if endpoint}) == 50
    assert all(endpoint and endpoint.host.startswith("127.") for endpoint in endpoints)


def test_two_ids_that_would_share_an_address_do_not() -> None:
    world = World()
    one = WorkspaceId(mint.new_id())
    assert world.address_for(one) != world.address_for(one)


@pytest.mark.parametrize("fails_at", ["load", "open"])
def test_a_driver_that_needs_more_than_is_installed_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails_at: str
) -> None:
    def refuse(*_: object) -> object:
        raise ModuleNotFoundError("No module named 'aiodocker'")

    monkeypatch.setattr(EntryPoint, "load", refuse if fails_at == "load" else lambda _: refuse)
    with pytest.raises(Rejected) as refused:
        open_backend("docker", context(tmp_path))
    assert refused.value.sentence == (
        'The driver "docker" of backend "here" cannot be loaded: No module named \'aiodocker\'. '
        "Install what it needs: pip install 'carrel[docker]'."
    )
    with pytest.raises(Rejected) as refused:
        open_backend("memory", context(tmp_path))
    assert "pip install" not in refused.value.sentence


async def test_memory_brings_homes_in_later_or_at_the_start_alone(tmp_path: Path) -> None:
    assert isinstance(open_backend("memory", context(tmp_path, homes="attached")), Attaches)
    cold = open_backend("memory", context(tmp_path, homes="at_start"))
    assert brings_files_at_start(cold)
    with pytest.raises(Rejected, match="homes"):
        open_backend("memory", context(tmp_path, homes="never"))
