"""Ports published one after the other, so that the one before rests."""

from pathlib import Path
from typing import Any, cast

import pytest

from carrel.domain.endpoint import Endpoint
from carrel.domain.ids import InstallationId
from carrel.drivers.docker.engine import Engine
from carrel.drivers.docker.labels import Owner
from carrel.drivers.docker.network.bridge import NetworkAt
from carrel.drivers.docker.places import PublishedPorts
from carrel.ports.driver import OutOfCapacity

AT = NetworkAt("n", "carrel-net", "crl-1", "10.0.0.0/24", "10.0.0.1")


class Holding:
    """An engine on which these endpoints are held."""

    def __init__(self, *held: str) -> None:
        self.held = held

    async def look(self, path: str, **_: Any) -> list[dict[str, Any]]:
        return [{"Labels": {"carrel.endpoint": each}} for each in self.held]


def ports(book: Path, *held: str) -> PublishedPorts:
    owner = Owner(InstallationId("i000000000000001"), "engine")
    engine = cast("Engine", Holding(*held))
    return PublishedPorts(engine, owner, address="127.0.0.1", ports=range(31000, 31003), book=book)


async def taken(places: PublishedPorts) -> Endpoint:
    location = await places.choose(AT, 8888)
    assert (location.network, location.address) == ("carrel-net", None)
    return location.endpoint


async def test_each_gets_the_next_one_also_after_a_restart(tmp_path: Path) -> None:
    book = tmp_path / "ports"
    first = ports(book)
    assert await taken(first) == Endpoint("127.0.0.1", 31000)
    assert (await taken(first)).port == 31001
    again = ports(book)
    assert (await taken(again)).port == 31002
    assert (await taken(again)).port == 31000


async def test_ports_that_somebody_has_are_passed_over(tmp_path: Path) -> None:
    places = ports(tmp_path / "ports", "127.0.0.1:31000", "127.0.0.1:31001", "")
    assert (await taken(places)).port == 31002
    assert (await taken(places)).port == 31002


async def test_when_all_are_held_the_backend_is_full(tmp_path: Path) -> None:
    places = ports(tmp_path / "ports", *(f"127.0.0.1:{port}" for port in range(31000, 31003)))
    with pytest.raises(OutOfCapacity) as full:
        await places.choose(AT, 8888)
    assert "All 3 ports" in full.value.sentence


async def test_a_damaged_book_begins_anew(tmp_path: Path) -> None:
    (tmp_path / "ports").write_text("?")
    assert (await taken(ports(tmp_path / "ports"))).port == 31000
    (tmp_path / "ports").write_text("99")
    assert (await taken(ports(tmp_path / "ports"))).port in range(31000, 31003)
