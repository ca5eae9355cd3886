"""Use is seen, idleness warned of and ended: over a real store, with a clock that is moved by hand and an app that says what it is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from carrel.domain.activity import Evidence, NotSeen, Seen, StreamReport, Unknown
from carrel.domain.actor import Person
from carrel.domain.event import Event
from carrel.domain.instance import Ailment
from carrel.domain.reason import ReasonCode
from carrel.domain.workspace import Phase, Workspace
from carrel.ports.activity import Subject
from carrel.ports.wake import Ear, claim_topic
from carrel.reconcile.watching import TOLD_EVERY, Watching
from carrel.rules.actions import Release
from carrel.rules.plan import plan
from carrel.rules.recipe import versioned
from carrel.rules.verdict import Keep, Warn, verdict
from carrel.services import claims as claim_service
from carrel.store import events, templates, use, workspaces

from .rig import TEMPLATE, Rig, a_pool, rig

MINUTE = timedelta(minutes=1)
LIMIT = timedelta(minutes=30)
WARNING = timedelta(minutes=10)
LATER = timedelta(minutes=4)
"""What it takes at most until something that is due is seen to be due."""
COUNTED = versioned(
    replace(TEMPLATE, activity="jupyter", activity_writes=("api/contents",), activity_bytes=500)
)


@dataclass
class App:
    """Says of every workspace what it is told to say."""

    says: Evidence = field(default_factory=NotSeen)
    is_busy: bool = False
    asked: list[Subject] = field(default_factory=list)

    async def evidence(self, subject: Subject, now: datetime) -> Evidence:
        self.asked.append(subject)
        return Seen(now, "a kernel is computing") if self.is_busy else self.says


@dataclass
class Connections:
    reports: list[StreamReport] = field(default_factory=list)
    lost: bool = False

    async def read(self) -> list[StreamReport]:
        told, self.reports = self.reports, []
        return told

    def has_lost_some(self) -> bool:
        return self.lost

    def reported_every(self) -> timedelta:
        return MINUTE


@dataclass
class Day:
    """A person, what they hold, and the minutes that pass."""

    small: Rig
    app: App
    connections: Connections
    person: Person
    held: Workspace
    watching: Watching
    began: datetime

    @property
    def now(self) -> datetime:
        return self.small.clock.time

    async def row(self) -> Workspace:
        found = await self.small.store.read(workspaces.get, self.held.id)
        assert found is not None
        return found

    async def told(self) -> list[Event]:
        lines = await self.small.store.read(events.of_workspace, self.held.id)
        return [line for line in lines if line.kind == "warned"]

    async def minute(self) -> None:
        self.small.clock.time += MINUTE
        await self.watching.round()
        await self.look()

    async def look(self) -> None:
        await self.small.loop.pass_once()
        await self.small.loop.settled()

    async def until_warned(self) -> datetime:
        for _ in range(60):
            if await self.told():
                return self.now
            await self.minute()
        pytest.fail("nobody was warned within an hour")

    async def until_stopped(self) -> datetime:
        for _ in range(60):
            if (await self.row()).phase in (Phase.STOPPING, Phase.GONE):
                return self.now
            await self.minute()
        pytest.fail("it was not stopped within an hour")

    def restarted(self, small: Rig) -> None:
        """The control plane is another process, which remembers nothing."""
        self.small = small
        self.watching = watching(small, self.app, self.connections)

    def report(self, **said: Any) -> None:
        plain = StreamReport(self.held.id, self.now, 0, 0, 200, "GET", "api/kernels/k/channels", self.began)
        self.connections.reports.append(replace(plain, **said))


def watching(small: Rig, app: App, connections: Connections) -> Watching:
    drivers = {small.pool.backend: small.driver}
    return Watching(small.context.store, small.clock, drivers, app, connections, MINUTE, small.context.wake)


@pytest.fixture
async def day(tmp_path: Path) -> AsyncIterator[Day]:
    small = await rig(tmp_path, a_pool(limit=2, warm=1, stop_after_idle=LIMIT, max_age=None))
    await small.store.write(templates.put, COUNTED, small.clock.now())
    await small.settle()
    person = await small.person("alice")
    view = await claim_service.claim(small.context, person, pool="lab")
    assert view.workspace is not None
    await small.settle()
    await small.store.write(workspaces.entered, view.workspace.id, small.clock.now())
    app, connections = App(), Connections()
    row = view.workspace
    made = Day(small, app, connections, person, row, watching(small, app, connections), small.clock.time)
    yield made
    await made.small.aclose()


async def test_what_nobody_uses_is_warned_of_and_stopped_and_says_why(day: Day) -> None:
    warned = await day.until_warned()
    assert LIMIT - WARNING <= warned - day.began <= LIMIT - WARNING + LATER
    stopped = await day.until_stopped()
    assert LIMIT <= stopped - day.began <= LIMIT + LATER
    row = await day.row()
    assert row.reason_code == ReasonCode.IDLE
    assert row.reason is not None
    assert f"othing ran and nobody typed since {day.began:%H:%M} UTC" in row.reason
    (told,) = await day.told()
    assert told.sentence.startswith(f"Nothing ran and nobody typed since {day.began:%H:%M} UTC.")
    assert f"It stops at {told.at + WARNING:%H:%M} UTC" in told.sentence
    assert told.at + WARNING <= stopped <= told.at + WARNING + LATER


def a_kernel_computes(day: Day, _minute: int) -> None:
    day.app.is_busy = True


def somebody_types(day: Day, minute: int) -> None:
    day.report(received=600 * minute)


def somebody_saves(day: Day, _minute: int) -> None:
    day.report(method="PUT", path="api/contents/a.ipynb")


def its_processes_compute(day: Day, _minute: int) -> None:
    day.small.driver.compute(day.held.id, 30.0)


def a_neighbour_floods_the_log(day: Day, _minute: int) -> None:
    day.connections.lost = True


@pytest.mark.parametrize(
    ("sign", "because"),
    [
        (a_kernel_computes, "a kernel is computing"),
        (somebody_types, "somebody typed"),
        (somebody_saves, "somebody saved or started something"),
        (its_processes_compute, "it is computing"),
        (a_neighbour_floods_the_log, "more happened at once than could be read"),
    ],
)
async def test_each_sign_alone_keeps_it(day: Day, sign: Any, because: str) -> None:
    for minute in range(1, 50):
        sign(day, minute)
        await day.minute()
    row = await day.row()
    assert row.phase is Phase.READY
    assert row.active_because == because
    assert row.last_active_at is not None
    assert day.now - row.last_active_at < LATER
    assert await day.told() == []


async def test_an_open_tab_that_nobody_touches_does_not_keep_it(day: Day) -> None:
    for minute in range(1, 50):
        for _ in range(6):
            day.report(method="PUT", path="lab/api/workspaces/default", received=900, code=204)
        day.report(received=12 * minute)
        await day.minute()
    assert (await day.row()).reason_code == ReasonCode.IDLE


async def test_use_after_the_warning_makes_it_void(day: Day) -> None:
    await day.until_warned()
    day.report(method="PUT", path="api/contents/a.ipynb")
    await day.minute()
    assert (await day.row()).warned_at is None
    used = day.now
    stopped = await day.until_stopped()
    assert stopped - used >= LIMIT - LATER
    assert len(await day.told()) == 2


async def test_the_time_of_the_stop_survives_a_restart_after_the_warning(day: Day) -> None:
    await day.until_warned()
    day.restarted(await day.small.reborn())
    stopped = await day.until_stopped()
    assert LIMIT <= stopped - day.began <= LIMIT + LATER
    assert len(await day.told()) == 1


async def test_one_that_cannot_be_asked_is_not_stopped_and_says_since_when(day: Day) -> None:
    for _ in range(5):
        await day.minute()
    lost = day.now
    day.app.says = Unknown("its app did not answer")
    for _ in range(5 * 60):
        await day.minute()
    row = await day.row()
    assert row.phase is Phase.READY
    assert await day.told() == []
    said = verdict(row, day.small.pool, day.now)
    assert isinstance(said, Keep)
    assert said.until is None
    assert row.observed_at is not None
    assert lost - LATER < row.observed_at <= lost
    assert f"is not known since {row.observed_at:%H:%M} UTC" in said.because
    day.app.says = NotSeen()
    back = day.now
    await day.minute()
    assert len(await day.told()) == 1
    assert await day.until_stopped() - back >= WARNING


async def test_after_the_machine_slept_people_are_warned_again_and_have_the_whole_time(day: Day) -> None:
    await day.until_warned()
    day.small.clock.time += timedelta(hours=3)
    await day.look()
    assert (await day.row()).phase is Phase.READY, "nobody was asked yet"
    awake = day.now
    await day.minute()
    row = await day.row()
    assert row.phase is Phase.READY
    assert len(await day.told()) == 2
    said = verdict(row, day.small.pool, day.now)
    assert isinstance(said, Warn)
    assert said.stops_at - awake >= WARNING
    assert await day.until_stopped() - awake >= WARNING


async def test_use_that_comes_between_decision_and_deed_is_in_time(day: Day) -> None:
    await day.until_warned()
    found: list[Release] = []
    while not found:
        day.small.clock.time += MINUTE
        await day.watching.round()
        seen = await day.small.loop.look((), ())
        assert seen is not None
        view, facts = seen
        found = [one for one in plan(view, facts.pool, day.now) if isinstance(one, Release)]
    await day.small.store.write(use.opened, day.held.id, day.now)
    await day.small.loop.apply(found[0], facts)
    row = await day.row()
    assert (row.phase, row.claim_id) == (Phase.READY, day.held.claim_id)


async def test_only_what_is_held_is_asked(day: Day) -> None:
    await day.small.settle()
    await day.minute()
    assert {subject.workspace.id for subject in day.app.asked} == {day.held.id}
    assert day.app.asked[0].recipe == COUNTED


async def test_many_are_asked_a_few_at_a_time(day: Day, monkeypatch: pytest.MonkeyPatch) -> None:
    row, recipe = await day.row(), COUNTED
    many = [(replace(row, id=type(row.id)(f"w{number:015d}")), recipe) for number in range(100)]
    monkeypatch.setattr(use, "in_hands", lambda _conn: many)
    began = day.now
    await day.watching.round()
    assert len(day.app.asked) == 100
    assert MINUTE / 4 < day.now - began < MINUTE


HUNGRY = Ailment(ReasonCode.OUT_OF_MEMORY, "Something in it was ended because it used more than 1 GB.")


@pytest.fixture
async def running(day: Day) -> AsyncIterator[Ear]:
    """The first round is over, and the next is due in a minute by the clock on the wall. Hears what the person is told."""
    assert day.held.claim_id is not None
    seen = asyncio.Event()
    asked = day.watching.drivers[day.held.backend].ailments

    async def noted() -> Any:
        seen.set()
        return await asked()

    day.small.driver.ailments = noted
    task = asyncio.create_task(day.watching.run())
    ear = day.small.context.wake.ear([claim_topic(day.held.claim_id)])
    await asyncio.wait_for(seen.wait(), 5)
    yield ear
    ear.close()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_what_a_driver_hears_is_told_at_once(day: Day, running: Ear) -> None:
    day.small.driver.suffer(day.held.id, HUNGRY)
    assert await running.wait(5)
    lines = await day.small.store.read(events.of_workspace, day.held.id)
    assert lines[-1].sentence == HUNGRY.sentence


async def test_however_much_it_hears_it_is_not_asked_without_a_pause(day: Day, running: Ear) -> None:
    times = list[float]()
    asked = day.small.driver.ailments

    async def noted() -> Any:
        times.append(day.small.clock.monotonic())
        return await asked()

    day.small.driver.ailments = noted
    for ailment in (HUNGRY, None, HUNGRY, None):
        day.small.driver.suffer(day.held.id, ailment)
        day.small.driver.suffer(day.held.id, ailment)
        assert await running.wait(5)
    assert len(times) == 4
    assert all(later - sooner >= TOLD_EVERY for sooner, later in pairwise(times))
