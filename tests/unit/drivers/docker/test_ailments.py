"""What is remembered of what workspaces suffered from, and how it is said."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from carrel.domain.ids import InstallationId, WorkspaceId
from carrel.domain.reason import ReasonCode
from carrel.drivers.docker.ailments import REMEMBERED, Ailments, Heard, at_limit, memory_limit, read_event
from carrel.drivers.docker.labels import Owner
from carrel.ports.driver import DriverUnavailable

ONE, TWO = WorkspaceId("w000000000000001"), WorkspaceId("w000000000000002")
OWNER = Owner(InstallationId("i000000000000000"), "engine")
OOM = {
    "status": "oom",
    "id": "832e6b442c478e1115ef790829b353c8d417d2014f8db93f7cef1a28da0d71bf",
    "Type": "container",
    "Action": "oom",
    "Actor": {
        "ID": "832e6b442c478e1115ef790829b353c8d417d2014f8db93f7cef1a28da0d71bf",
        "Attributes": {"carrel.backend": "engine", "carrel.workspace": ONE, "name": f"carrel-{ONE}"},
    },
    "scope": "local",
    "time": 1795269339,
    "timeNano": 1795269339583562987,
}
"""As Docker 20.10 tells it."""
CALM = {"pids_stats": {"current": 3, "limit": 512}, "memory_stats": {"limit": 2 << 30, "usage": 1 << 20}}
CROWDED = {"pids_stats": {"current": 512, "limit": 512}, "memory_stats": {"limit": 2 << 30}}


class StandingClock:
    def __init__(self) -> None:
        self.at = datetime.fromtimestamp(1795269340, UTC)

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    async def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class Quiet:
    """An engine without containers that have a disk of their own, and whose stream of events breaks off at once."""

    async def look(self, path: str, **_: object) -> list[object]:
        return []


class Rig:
    def __init__(self) -> None:
        self.clock = StandingClock()
        self.stats: dict[WorkspaceId, Mapping[str, Any]] = {ONE: CALM, TWO: CALM}
        engine: Any = Quiet()
        self.ailments = Ailments(engine, OWNER, self.measured, clock=self.clock)
        self.ailments.start = lambda: None  # type: ignore[method-assign]  # events are told by hand

    async def measured(self) -> Mapping[WorkspaceId, Mapping[str, Any]]:
        return self.stats

    def hear(self, event: Mapping[str, Any]) -> None:
        heard = read_event(event)
        assert heard is not None
        self.ailments.hear(heard)


def read_time(event: Mapping[str, Any]) -> datetime:
    heard = read_event(event)
    assert heard is not None
    return heard.at


async def test_memory_that_ran_out_is_told_with_its_limit_to_the_one_it_befell() -> None:
    rig = Rig()
    rig.hear(OOM)
    told = await rig.ailments.current()
    assert told.keys() == {ONE}
    assert told[ONE].code is ReasonCode.OUT_OF_MEMORY
    assert "2.0 GiB" in told[ONE].sentence


async def test_it_is_forgotten_after_some_minutes() -> None:
    rig = Rig()
    rig.hear(OOM)
    rig.clock.at += REMEMBERED + timedelta(seconds=1)
    assert await rig.ailments.current() == {}


async def test_who_was_started_anew_suffers_from_nothing_that_was_before() -> None:
    rig = Rig()
    rig.hear(OOM)
    rig.ailments.hear(Heard(ONE, "start", rig.clock.now()))
    assert await rig.ailments.current() == {}


async def test_a_start_heard_once_more_takes_nothing_away_that_came_after_it() -> None:
    rig = Rig()
    rig.hear(OOM)
    rig.ailments.hear(Heard(ONE, "start", rig.clock.now() - timedelta(minutes=1)))
    assert (await rig.ailments.current()).keys() == {ONE}


async def test_of_one_that_does_not_run_nothing_is_told() -> None:
    rig = Rig()
    rig.hear(OOM)
    del rig.stats[ONE]
    assert await rig.ailments.current() == {}


async def test_a_limit_it_is_at_comes_before_memory_that_ran_out_and_hides_it_no_longer_than_it_lasts() -> (
    None
):
    rig = Rig()
    rig.hear(OOM)
    rig.stats[ONE] = CROWDED
    told = (await rig.ailments.current())[ONE]
    assert told.code is ReasonCode.TOO_MANY_PROCESSES
    assert "as it may, 512" in told.sentence
    rig.stats[ONE] = CALM
    told = (await rig.ailments.current())[ONE]
    assert told.code is ReasonCode.OUT_OF_MEMORY
    assert told.at == read_time(OOM)


async def test_that_nothing_more_can_be_started_is_told_no_longer_than_it_is_so() -> None:
    rig = Rig()
    rig.stats[ONE] = CROWDED
    assert (await rig.ailments.current()).keys() == {ONE}
    rig.stats[ONE] = CALM
    assert await rig.ailments.current() == {}


async def test_of_several_times_that_memory_ran_out_the_newest_counts_in_whatever_order_they_are_heard() -> (
    None
):
    rig = Rig()
    now = rig.clock.now()
    rig.ailments.hear(Heard(ONE, "oom", now, "database"))
    rig.ailments.hear(Heard(ONE, "oom", now - timedelta(minutes=4)))
    assert '"database"' in (await rig.ailments.current())[ONE].sentence


def test_who_wants_to_know_at_once_is_told_of_each_time_that_memory_ran_out_and_of_none_twice() -> None:
    rig, rung = Rig(), list[None]()
    rig.hear(OOM)
    rig.ailments.alert(lambda: rung.append(None))
    again = {**OOM, "timeNano": 1795269340583562987}
    for event, times in ((again, 1), (again, 1), (OOM, 1), ({**again, "Action": "start"}, 1)):
        rig.hear(event)
        assert len(rung) == times


async def test_where_memory_ran_out_in_a_companion_its_name_is_said() -> None:
    rig = Rig()
    rig.ailments.hear(Heard(ONE, "oom", rig.clock.now(), "database"))
    assert '"database"' in (await rig.ailments.current())[ONE].sentence


async def test_a_companion_that_starts_takes_nothing_away() -> None:
    rig = Rig()
    rig.hear(OOM)
    rig.ailments.hear(Heard(ONE, "start", rig.clock.now(), "database"))
    assert (await rig.ailments.current()).keys() == {ONE}


async def test_an_engine_that_is_away_is_said_to_be() -> None:
    rig = Rig()

    async def away() -> Mapping[WorkspaceId, Mapping[str, Any]]:
        raise DriverUnavailable("The engine is away.")

    rig.ailments = Ailments(Quiet(), OWNER, away, clock=rig.clock)  # type: ignore[arg-type]
    rig.ailments.start = lambda: None  # type: ignore[method-assign]
    with pytest.raises(DriverUnavailable):
        await rig.ailments.current()


def test_events_of_others_and_other_events_are_left_alone() -> None:
    assert read_event({**OOM, "Action": "die"}) is None
    assert read_event({**OOM, "Actor": {"Attributes": {"name": "somebody-else"}}}) is None
    assert read_event({}) is None


def test_limits_are_read_from_what_the_engine_measures() -> None:
    assert at_limit(CALM) is None
    assert at_limit(CROWDED) == 512
    assert at_limit({"pids_stats": {"current": 503, "limit": 512}}) == 512
    assert at_limit({"pids_stats": {"current": 480, "limit": 512}}) is None
    assert at_limit({"pids_stats": {"current": 1, "limit": 8}}) is None
    assert at_limit({"pids_stats": {"current": 5}}) is None
    assert at_limit({"pids_stats": {}}) is None
    assert memory_limit(CALM) == 2 << 30
    assert memory_limit({}) is None
