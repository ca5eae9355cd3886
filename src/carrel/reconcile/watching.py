"""Looks, round after round, for signs that held workspaces are in use, and writes what it saw in one batch; then for what they suffer
from. Decides nothing about idleness.

What it remembers is about the last round only: after a restart the first round knows a little less, and says so.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from carrel.domain.activity import Evidence, NotSeen, Observation, Seen, StreamReport, Unknown
from carrel.domain.ids import BackendName, WorkspaceId
from carrel.domain.template import Template
from carrel.domain.workspace import Workspace
from carrel.ports.activity import ActivityProbe, Streams, Subject
from carrel.ports.clock import Clock
from carrel.ports.driver import Alerts, Driver, DriverError, Measures, within
from carrel.ports.wake import AILMENTS, Ear, Wake
from carrel.reconcile import ailing
from carrel.rules.evidence import (
    Flow,
    Sample,
    computed,
    counts_streams,
    flowed,
    known_until,
    lasts,
    observation,
    wrote,
)
from carrel.store import use
from carrel.store.engine import Store

ASKED_AT_ONCE: Final = 16
_MEASURES_WITHIN: Final = 10.0
_SPREAD_OVER: Final = 0.5
"""Of the time between two rounds, so that thousands are not all asked in the same second."""
TOLD_EVERY: Final = 5.0
"""Seconds at least between two times that drivers are asked because they heard something, however much that is."""
_FORGET_AFTER: Final = timedelta(minutes=10)
"""A long-lived stream that was not reported for so long has ended."""
_NOBODY_TO_ASK: Final = Unknown("its backend is not open here")

_Held = tuple[Workspace, Template]
_StreamKey = tuple[WorkspaceId, str, datetime | None, str]


@dataclass(slots=True)
class Watching:
    store: Store
    clock: Clock
    drivers: Mapping[BackendName, Driver]
    probe: ActivityProbe
    streams: Streams
    every: timedelta
    wake: Wake
    _flows: dict[_StreamKey, Flow] = field(default_factory=dict)
    _samples: dict[WorkspaceId, Sample] = field(default_factory=dict)

    async def run(self) -> None:
        """Until the task is cancelled. Raises Unavailable."""
        ear = self.wake.ear([AILMENTS])
        try:
            for driver in self.drivers.values():
                if isinstance(driver, Alerts):
                    driver.alert(partial(self.wake.ring, AILMENTS))
            while True:
                due = self.clock.monotonic() + self.every.total_seconds()
                await self.round()
                await self.clock.sleep(0.1)
                await self._tell_until(due, ear)
        finally:
            ear.close()

    async def _tell_until(self, due: float, ear: Ear) -> None:
        """What drivers hear between two rounds is told at once: memory that ran out is over before the next."""
        while (left := due - self.clock.monotonic()) > 0:
            if await ear.wait(left):
                await self._tell([row for row, _ in await self.store.read(use.in_hands)])
                await self.clock.sleep(TOLD_EVERY)

    async def _tell(self, held: Sequence[Workspace]) -> None:
        await ailing.tell(self.store, self.clock, self.wake, self.drivers, held)

    async def round(self) -> None:
        held = await self.store.read(use.in_hands)
        read_at = self.clock.now()
        typed = self._streams_say(await self.streams.read(), {row.id: recipe for row, recipe in held})
        asked = await self._ask(held, typed)
        used = await self._processors_say(held, self.clock.now())
        lag, lost = max(self.every, self.streams.reported_every()), self.streams.has_lost_some()
        seen: list[Observation] = []
        for row, recipe in held:
            asked_at, testimony = asked[row.id]
            evidence = [testimony, *used.get(row.id, ()), *typed.get(row.id, ())]
            if lost and counts_streams(recipe):
                evidence.append(Seen(read_at, "more happened at once than could be read"))
            known = known_until(asked_at, read_at, recipe, lag)
            seen.append(observation(row, recipe, evidence, known, self.every))
        if seen:
            await self.store.write(use.record, seen)
        await self._tell([row for row, _ in held])

    async def _ask(
        self, held: Sequence[_Held], typed: Collection[WorkspaceId]
    ) -> dict[WorkspaceId, tuple[datetime, Evidence]]:
        """When each app was asked, and what it said. Where somebody types, that is answer enough."""
        answers: dict[WorkspaceId, tuple[datetime, Evidence]] = {
            row.id: (self.clock.now(), NotSeen()) for row, _ in held if row.id in typed
        }
        held = [one for one in held if one[0].id not in typed]
        slices = [held[at : at + ASKED_AT_ONCE] for at in range(0, len(held), ASKED_AT_ONCE)]
        pause = _SPREAD_OVER * self.every.total_seconds() / max(1, len(slices))
        for number, some in enumerate(slices):
            if number:
                await self.clock.sleep(pause)
            now = self.clock.now()
            said = await asyncio.gather(*(self._ask_one(row, recipe, now) for row, recipe in some))
            answers.update({row.id: (now, one) for (row, _), one in zip(some, said, strict=True)})
        return answers

    async def _ask_one(self, row: Workspace, recipe: Template, now: datetime) -> Evidence:
        driver = self.drivers.get(row.backend)
        if driver is None or row.endpoint is None:
            return _NOBODY_TO_ASK
        return await self.probe.evidence(Subject(row, row.endpoint, recipe, driver), now)

    def _streams_say(
        self, reports: Iterable[StreamReport], recipes: Mapping[WorkspaceId, Template]
    ) -> dict[WorkspaceId, list[Evidence]]:
        said: dict[WorkspaceId, list[Evidence]] = {}
        for report in reports:
            recipe = recipes.get(report.workspace_id)
            if recipe is None:
                continue
            seen = self._flowed(report, recipe) if lasts(report) else wrote(report, recipe)
            if seen is not None:
                said.setdefault(report.workspace_id, []).append(seen)
        oldest = self.clock.now() - _FORGET_AFTER
        self._flows = {key: flow for key, flow in self._flows.items() if flow.at > oldest}
        return said

    def _flowed(self, report: StreamReport, recipe: Template) -> Seen | None:
        key = (report.workspace_id, report.stream, report.began, report.path)
        self._flows[key], seen = flowed(self._flows.get(key), report, recipe)
        return seen

    async def _processors_say(
        self, held: Sequence[_Held], now: datetime
    ) -> dict[WorkspaceId, list[Evidence]]:
        """Nothing of those whose driver does not measure."""
        said: dict[WorkspaceId, list[Evidence]] = {}
        samples: dict[WorkspaceId, Sample] = {}
        for backend in sorted({row.backend for row, _ in held}):
            driver = self.drivers.get(backend)
            if driver is None or not isinstance(driver, Measures):
                continue
            spent = await _measured(driver)
            at = self.clock.monotonic()
            samples |= {each: Sample(seconds, at) for each, seconds in spent.items()}
            for row in (row for row, _ in held if row.backend == backend):
                said[row.id] = [computed(self._samples.get(row.id), samples.get(row.id), now)]
        self._samples = samples
        return said


async def _measured(driver: Measures) -> Mapping[WorkspaceId, float]:
    try:
        return await within(_MEASURES_WITHIN, driver.cpu_seconds(), what="measure its instances")
    except DriverError:
        return {}
