"""Findings about a container engine, from what a stand-in for one answers, and about the machine it shares with Carrel."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from carrel.clock import SystemClock
from carrel.domain.finding import Outcome
from carrel.domain.ids import InstallationId
from carrel.drivers.docker import findings as examining
from carrel.drivers.docker.engine import Engine
from carrel.drivers.docker.findings import Site
from carrel.drivers.docker.labels import Owner
from carrel.drivers.docker.network.bridge import Network, network_body, network_name
from carrel.drivers.docker.network.walls import Walls
from carrel.drivers.ondisk.mountinfo import Mount
from carrel.ports.driver import DriverUnavailable

from .examined import is_well, produced

OWNER = Owner(InstallationId("i000000000000doc"), "engine")
NETWORK = {**network_body(OWNER, "10.80.0.0/16"), "Id": "0123"}
WELL: dict[str, Any] = {
    **dict.fromkeys(("MemoryLimit", "SwapLimit", "CpuCfsQuota", "PidsLimit", "BridgeNfIptables"), True),
    "LiveRestoreEnabled": True,
    "Driver": "btrfs",
    "DockerRootDir": "/",
}


@dataclass
class StandIn:
    """An engine that says what a test lets it say."""

    info: dict[str, Any] = field(default_factory=lambda: dict(WELL))
    version: dict[str, Any] = field(default_factory=lambda: {"Version": "24.0.7", "ApiVersion": "1.43"})
    network: dict[str, Any] | None = None

    async def answer(self, request: web.Request) -> web.Response:
        said = {"version": self.version, "info": self.info}.get(request.path.rpartition("/")[2], self.network)
        return web.json_response(
            {"message": "no such network"} if said is None else said, status=404 if said is None else 200
        )


class Walled:
    """A firewall of which a test says what is missing."""

    def __init__(self, missing: Sequence[str]) -> None:
        self._missing = missing

    async def raise_walls(self, walls: Walls) -> None:
        raise AssertionError("the doctor changes nothing")

    async def lower_walls(self, walls: Walls) -> None:
        raise AssertionError("the doctor changes nothing")

    async def missing(self, walls: Walls) -> Sequence[str]:
        return self._missing


@pytest.fixture
def standin() -> StandIn:
    return StandIn()


@pytest.fixture
async def site(standin: StandIn, tmp_path: Path) -> AsyncIterator[Site]:
    application = web.Application()
    application.router.add_get("/{path:.*}", standin.answer)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    engine = Engine(f"tcp://127.0.0.1:{runner.addresses[0][1]}")
    network = Network(engine, OWNER, tmp_path / "book", clock=SystemClock())
    yield Site(OWNER.backend, engine, network, mounted=True, why="", is_here=True, firewall=Walled([]))
    await engine.aclose()
    await runner.cleanup()


async def test_an_engine_with_all_that_is_wanted(standin: StandIn, site: Site) -> None:
    standin.network = NETWORK
    found = await examining.findings(site)
    assert {each.code for each in found} == {
        *("CRL520", "CRL522", "CRL525", "CRL526", "CRL527", "CRL528", "CRL529"),
    }
    assert all(is_well(found, each.code) for each in found)


async def test_an_engine_of_yesteryear(standin: StandIn, site: Site) -> None:
    standin.version = {"Version": "18.09", "ApiVersion": "1.39"}
    produced(await examining.findings(site), "CRL520", Outcome.BAD)


async def test_an_engine_that_is_away(site: Site) -> None:
    away = Engine("unix:///nowhere/at/all")
    with pytest.raises(DriverUnavailable):
        await examining.findings(replace(site, engine=away))
    await away.aclose()


async def test_an_engine_on_another_machine(site: Site) -> None:
    away = replace(
        site,
        mounted=False,
        is_here=False,
        why="The engine is on another machine.",
        firewall=None,
        no_walls="it is elsewhere",
    )
    found = await examining.findings(away)
    assert "another machine" in produced(found, "CRL522", Outcome.WARNING).found
    assert "elsewhere" in produced(found, "CRL525", Outcome.BAD).found


async def test_an_engine_that_holds_nobody_to_anything(standin: StandIn, site: Site) -> None:
    standin.info |= {
        "MemoryLimit": False,
        "SwapLimit": False,
        "LiveRestoreEnabled": False,
        "Driver": "overlay2",
    }
    found = await examining.findings(site)
    assert "memory, swap" in produced(found, "CRL527", Outcome.BAD).found
    produced(found, "CRL528", Outcome.WARNING)
    produced(found, "CRL526", Outcome.WARNING)


async def test_walls_that_somebody_took_away(standin: StandIn, site: Site) -> None:
    standin.network = NETWORK
    found = await examining.findings(replace(site, firewall=Walled(["-A FORWARD -j DROP", "-A X -j DROP"])))
    assert "and 1 more" in produced(found, "CRL525", Outcome.BAD).found


async def test_a_network_that_is_not_as_we_make_it(standin: StandIn, site: Site) -> None:
    standin.network = {**NETWORK, "Options": {}}
    assert "one another" in produced(await examining.findings(site), "CRL529", Outcome.BAD).found
    standin.network = {**NETWORK, "Labels": {}}
    assert network_name(OWNER) in produced(await examining.findings(site), "CRL529", Outcome.BAD).found
    standin.network = NETWORK
    found = await examining.findings(replace(site, subnet="10.81.0.0/16"))
    assert "10.81.0.0/16" in produced(found, "CRL529", Outcome.WARNING).found
    standin.info["BridgeNfIptables"] = False
    produced(await examining.findings(site), "CRL529", Outcome.BAD)


async def test_slots_that_somebody_made_private(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slots = replace(site, slots=tmp_path)
    assert is_well(await examining.findings(slots), "CRL523")
    private = Mount(b"8:1", b"/slots", bytes(tmp_path.resolve()), peers=b"")
    monkeypatch.setattr("carrel.drivers.ondisk.mountinfo.mounted", lambda: [private])
    produced(await examining.findings(slots), "CRL523", Outcome.BAD)


async def test_homes_where_owners_cannot_be_mapped(site: Site) -> None:
    """No kernel maps owners of what is in /proc; who is not root cannot try."""
    found = await examining.findings(replace(site, homes=Path("/proc")))
    outcome = next(each.outcome for each in found if each.code == "CRL524")
    assert outcome in (Outcome.WARNING, Outcome.UNKNOWN)
    produced(found, "CRL524", outcome)
