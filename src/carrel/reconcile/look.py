"""Gathers what the planner may see of one pool: the driver is listed first, then the store is read, then apps are asked."""

import asyncio
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from carrel.domain.endpoint import Endpoint
from carrel.domain.ids import ClaimId, PoolName, WorkspaceId
from carrel.domain.instance import Instance, InstanceState
from carrel.domain.workspace import Phase, Workspace
from carrel.ports.clock import Clock
from carrel.ports.driver import Driver, brings_files_at_start, within
from carrel.ports.probe import Probe, app_answers, warm_up
from carrel.rules.collect import unknown
from carrel.rules.view import View
from carrel.store.engine import Store
from carrel.store.facts import Facts, read_facts

LISTS_WITHIN: Final = 30.0
"""Seconds. A list that takes longer says nothing about now."""
PROBES_AT_ONCE: Final = 16
WARM_CHECK_EVERY: Final = timedelta(seconds=30)
"""Between claims too, so that a pool of dead workspaces is found before the class comes, not when it comes."""
SILENT_AFTER: Final = 2
"""Checks in a row that a warm workspace may miss: one can be a machine that was busy for a moment."""


async def instances_of(driver: Driver) -> Sequence[Instance]:
    """Raises DriverUnavailable, also for a backend that hangs."""
    return await within(LISTS_WITHIN, driver.list(), what="list its instances")


@dataclass(slots=True)
class Look:
    """One pool's way of looking. Remembers only hints that a restart may lose."""

    pool: PoolName
    store: Store
    clock: Clock
    probe: Probe
    driver: Driver
    zone: tzinfo = UTC
    """In which moments are said to people."""
    _unknown: frozenset[WorkspaceId] = frozenset()
    _warm_checked_at: datetime | None = None
    _missed: dict[WorkspaceId, int] = field(default_factory=dict)

    async def __call__(
        self, in_flight: Collection[WorkspaceId | ClaimId], recent_failures: tuple[datetime, ...]
    ) -> tuple[View, Facts] | None:
        """None once the pool is gone for good. Raises DriverUnavailable, Unavailable."""
        listed_at = self.clock.now()
        listed = await instances_of(self.driver)
        starts_with_home = brings_files_at_start(self.driver)
        facts = await self.store.read(read_facts, self.pool, starts_with_home=starts_with_home)
        if facts is None:
            return None
        rows = {row.id: row for row in facts.workspaces}
        mine = [one for one in listed if one.pool == self.pool or one.workspace_id in rows]
        view = View(
            listed_at=listed_at,
            template=facts.template,
            workspaces=tuple(facts.workspaces),
            instances=tuple(mine),
            claims=tuple(facts.claims),
            homes_elsewhere=facts.homes_elsewhere,
            starts_with_home=starts_with_home,
            unknown_before=self._unknown,
            in_flight=frozenset(in_flight),
            recent_failures=recent_failures,
            zone=self.zone,
        )
        starting = _starting(facts, mine, view.in_flight)
        view = replace(
            view, answering=await self._answering(facts, starting), silent=await self._silent(facts, view)
        )
        self._unknown = unknown(view, facts.pool)
        return view, facts

    async def _answering(
        self, facts: Facts, asked: Iterable[tuple[Workspace, Endpoint]]
    ) -> frozenset[WorkspaceId]:
        gate = asyncio.Semaphore(PROBES_AT_ONCE)

        async def ask(row: Workspace, endpoint: Endpoint) -> WorkspaceId | None:
            recipe = facts.recipes[row.template_version]
            async with gate:
                answered = await app_answers(
                    self.probe, self.driver, workspace=row, endpoint=endpoint, recipe=recipe
                )
                if answered and row.phase is Phase.STARTING:
                    await warm_up(self.probe, self.driver, workspace=row, endpoint=endpoint, recipe=recipe)
            return row.id if answered else None

        answers = await asyncio.gather(*(ask(row, endpoint) for row, endpoint in asked))
        return frozenset(answer for answer in answers if answer is not None)

    async def _silent(self, facts: Facts, view: View) -> frozenset[WorkspaceId]:
        checked_at = self._warm_checked_at
        is_due = checked_at is None or abs(view.listed_at - checked_at) >= WARM_CHECK_EVERY
        if is_due:
            self._warm_checked_at = view.listed_at
            asked = [
                (row, row.endpoint)
                for row in view.warm
                if row.endpoint is not None
                and row.id not in view.in_flight
                and row.template_version in facts.recipes
            ]
            answered = await self._answering(facts, asked)
            self._missed = {
                row.id: self._missed.get(row.id, 0) + 1 for row, _ in asked if row.id not in answered
            }
        return frozenset(id_ for id_, count in self._missed.items() if count >= SILENT_AFTER)


def _starting(
    facts: Facts, instances: Iterable[Instance], in_flight: Collection[WorkspaceId | ClaimId]
) -> list[tuple[Workspace, Endpoint]]:
    running = {
        instance.workspace_id: instance.endpoint
        for instance in instances
        if instance.state is InstanceState.RUNNING and instance.endpoint is not None
    }
    return [
        (row, running[row.id])
        for row in facts.workspaces
        if row.phase is Phase.STARTING
        and row.id in running
        and row.id not in in_flight
        and row.template_version in facts.recipes
    ]
