"""When workspaces may start, seen from the walls around their network."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from carrel.drivers.docker.network.bridge import NetworkAt
from carrel.drivers.docker.network.firewall import Iptables, NotHere
from carrel.drivers.docker.network.guard import Guard
from carrel.drivers.docker.network.walls import Walls
from carrel.ports.driver import DriverUnavailable

AT = NetworkAt("0123", "carrel-i-engine", "crl-0123456789a", "10.0.0.0/16", "10.0.0.1")


class StandingClock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class There:
    """A network that is there."""

    def __init__(self, heard: list[str] | None = None) -> None:
        self.heard = heard if heard is not None else []
        self.is_there = True

    async def ensure(self) -> NetworkAt:
        self.is_there = True
        return AT

    async def find(self) -> NetworkAt | None:
        return AT if self.is_there else None

    async def remove(self) -> None:
        self.is_there = False
        self.heard.append("network removed")


class Heard:
    """A firewall that notes what it was asked, and refuses if a test says so."""

    def __init__(self, refusal: Exception | None = None) -> None:
        self.raised: list[Walls] = []
        self.refusal = refusal

    async def raise_walls(self, walls: Walls) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.raised.append(walls)

    async def missing(self, walls: Walls) -> Sequence[str]:
        return []

    async def lower_walls(self, walls: Walls) -> None:
        raise AssertionError("workspaces run behind them")


def guard(firewall: Heard | None, clock: StandingClock) -> Guard:
    there: Any = There()
    return Guard(there, firewall, clock=clock, deny=("192.168.0.0/16",))


async def test_many_that_start_at_once_share_one_look_and_later_ones_look_again() -> None:
    firewall, clock = Heard(), StandingClock()
    guarded = guard(firewall, clock)
    assert [await guarded.ready() for _ in range(10)] == [AT] * 10
    assert firewall.raised == [Walls(AT.bridge, AT.subnet, ("192.168.0.0/16",))]
    clock.seconds += 2
    await guarded.ready()
    assert len(firewall.raised) == 2


async def test_nothing_starts_while_the_walls_cannot_be_put_up() -> None:
    firewall = Heard(DriverUnavailable("iptables is not installed."))
    guarded = guard(firewall, StandingClock())
    with pytest.raises(DriverUnavailable):
        await guarded.ready()
    firewall.refusal = None
    assert await guarded.ready() == AT


async def test_where_nobody_can_put_them_up_workspaces_start_without() -> None:
    assert await guard(None, StandingClock()).ready() == AT
    assert await guard(Heard(NotHere("elsewhere.")), StandingClock()).ready() == AT


async def test_no_rules_are_written_for_a_bridge_that_is_elsewhere() -> None:
    firewall = Iptables(only_where_seen=True)
    for verb in (firewall.raise_walls, firewall.missing):
        with pytest.raises(NotHere, match="is not on this machine"):
            await verb(Walls(AT.bridge, AT.subnet))


async def test_once_nothing_is_left_network_and_walls_go_and_are_made_anew() -> None:
    class Lowered(Heard):
        async def lower_walls(self, walls: Walls) -> None:
            done.append(f"walls of {walls.bridge} lowered")

    done: list[str] = []
    network: Any = There(done)
    firewall = Lowered()
    leaving = Guard(network, firewall, clock=StandingClock())
    await leaving.ready()
    for _ in range(2):
        await leaving.leave()
    assert done == ["network removed", f"walls of {AT.bridge} lowered"]
    await leaving.ready()
    assert (network.is_there, len(firewall.raised)) == (True, 2)
