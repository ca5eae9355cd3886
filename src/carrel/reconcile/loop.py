"""The loop of one pool: look, plan, apply, wait for a wake-up. Keeps nothing that a restart may not lose."""

import asyncio
from collections.abc import Awaitable, Collection, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from carrel.domain.errors import CarrelError
from carrel.domain.ids import ClaimId, PoolName, WorkspaceId
from carrel.domain.workspace import Phase, Workspace
from carrel.ports.clock import Clock
from carrel.ports.driver import DriverError
from carrel.ports.wake import Wake, pool_topic
from carrel.reconcile import mishaps
from carrel.reconcile.apply import Apply
from carrel.reconcile.complaints import Complaints
from carrel.reconcile.look import Look
from carrel.reconcile.patience import Patience
from carrel.reconcile.progress import Told
from carrel.rules.actions import Action, Assign, Start, subject
from carrel.rules.causes import Delay
from carrel.rules.pace import remember
from carrel.rules.plan import plan
from carrel.rules.view import View
from carrel.store import claims, leases
from carrel.store.engine import Store
from carrel.store.facts import Facts

_log = structlog.get_logger(__name__)

BUSY_TICK: Final = 0.2
"""Seconds between looks while something is starting or stopping."""
CALM_TICK: Final = 5.0
"""Seconds between looks while nothing is; wake-ups come at once, this repairs lost ones and finds crashed workspaces."""
BREATH: Final = 0.01
"""Seconds after each pass, so that a storm of wake-ups becomes a few passes."""
BLIND_AFTER: Final = timedelta(seconds=15)
"""Looks that are further apart mean that the machine slept, the store or the backend was away, or another replica led: then
people could perhaps not say that they still wait, and must not lose their places for it."""
LEASE: Final = timedelta(seconds=15)
"""How long a replica that died still counts as the leader of its pools."""
_ON_THE_WAY: Final = frozenset({Phase.PENDING, Phase.STARTING, Phase.STOPPING, Phase.FAILED, Phase.DRAINING})


@dataclass(slots=True)
class PoolLoop:
    pool: PoolName
    replica: str
    store: Store
    clock: Clock
    wake: Wake
    look: Look
    apply: Apply
    _failures: tuple[datetime, ...] = ()
    _version: str | None = None
    _in_flight: set[WorkspaceId | ClaimId] = field(default_factory=set)
    _tasks: set[asyncio.Task[bool]] = field(default_factory=set)
    _leads_until: datetime | None = None
    _looked_at: datetime | None = None
    _patience: Patience = field(default_factory=Patience)
    _complaints: Complaints = field(default_factory=Complaints)
    _told: Told = field(init=False)
    _is_blind: bool = True
    """The last look failed; perhaps that of the process before this one."""

    def __post_init__(self) -> None:
        self._told = Told(self.store, self.clock)

    async def run(self) -> None:
        """Until the pool is gone for good or the task is cancelled; then what is under way is left to the next start."""
        ear = self.wake.ear([pool_topic(self.pool)])
        try:
            while (tick := await self._guarded_pass()) is not None:
                await self.clock.sleep(BREATH)
                await ear.wait(tick)
        finally:
            ear.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _guarded_pass(self) -> float | None:
        """Seconds until the next look; None at the end. No failure of the world ends the loop."""
        try:
            tick = await self.pass_once()
        except (CarrelError, DriverError) as error:
            if self._complaints.is_news(error.sentence, self.clock.monotonic()):
                _log.warning("pass put off", pool=self.pool, why=error.sentence)
        except Exception:  # noqa: BLE001 - one bad pass must not end the pool's loop; the traceback is logged
            _log.exception("pass failed", pool=self.pool)
        else:
            self._complaints.is_over()
            return tick
        return 1.0

    async def pass_once(self) -> float | None:
        if not await self._leads():
            return CALM_TICK
        await self._make_up_for_blindness()
        put_off = self._patience.put_off(self.clock.monotonic())
        seen = await self._look(self._in_flight | put_off)
        if seen is None:
            return None
        view, facts = seen
        self._looked_at = view.listed_at
        self._patience.forget_others(_subjects(view))
        self._forget_old_version(facts)
        now = self.clock.now()
        actions = plan(view, facts.pool, now)
        self._failures = remember(view, actions, now)
        await self._write_first(actions, facts)
        for stuck, why in (await self._told(view)).items():
            await self.apply.put_off(self.pool, Delay.AWAY, why, stuck)
        for action in actions:
            if not isinstance(action, Start | Assign):
                self._launch(action, facts)
        return self._tick(view, actions, put_off)

    async def _look(self, left_alone: Collection[WorkspaceId | ClaimId]) -> tuple[View, Facts] | None:
        """A backend that cannot even be asked is news to those who wait, and so is its return. Raises DriverError."""
        try:
            seen = await self.look(left_alone, self._failures)
        except DriverError as error:
            self._is_blind = True
            await self.apply.put_off(self.pool, Delay.UNSEEN, error.sentence)
            raise
        if self._is_blind:
            await self.store.write(mishaps.seen_again, self.pool, self.clock.now())
            self._is_blind = False
        return seen

    async def settled(self) -> None:
        """Wait for everything under way, for tests and for a clean end."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _leads(self) -> bool:
        now = self.clock.now()
        until = self._leads_until
        if until is not None and LEASE / 2 < until - now <= LEASE:
            return True
        is_leader = await self.store.write(leases.acquire, f"pool:{self.pool}", self.replica, now, LEASE)
        self._leads_until = now + LEASE if is_leader else None
        return is_leader

    async def _make_up_for_blindness(self) -> None:
        now, last = self.clock.now(), self._looked_at
        if last is None or abs(now - last) > BLIND_AFTER:
            await self.store.write(claims.watch_waiting, self.pool, now)

    def _forget_old_version(self, facts: Facts) -> None:
        """A new recipe deserves a fresh try."""
        version = facts.template.version if facts.template else None
        if version != self._version:
            self._version, self._failures = version, ()

    async def _write_first(self, actions: Sequence[Action], facts: Facts) -> None:
        """Rows and assignments stand before the next look, so that nothing is counted twice."""
        for action in actions:
            if isinstance(action, Assign):
                rows = {row.id: row for row in facts.workspaces}
                for claim in await self.apply.assign(action):
                    row = rows.get(claim.workspace_id) if claim.workspace_id else None
                    self._run(self._guarded(self.apply.give(claim, row)), claim.workspace_id)
            elif isinstance(action, Start):
                asked = await self.apply.intend(action, facts)
                if action.claim is not None:
                    self._note(action.claim.id, has_worked=asked is not None)
                if asked is not None:
                    self._launch(asked, facts)

    def _launch(self, action: Action, facts: Facts) -> None:
        self._run(self._guarded(self.apply(action, facts)), subject(action))

    def _run(self, work: Coroutine[Any, Any, bool], about: WorkspaceId | ClaimId | None) -> None:
        if about is not None:
            self._in_flight.add(about)
        task = asyncio.create_task(work, name=f"{self.pool} {about}")
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._finished(done, about))

    def _finished(self, task: asyncio.Task[bool], about: WorkspaceId | ClaimId | None) -> None:
        """What worked may have made room for more, so look at once; what did not is tried again after a while."""
        self._tasks.discard(task)
        has_worked = not task.cancelled() and task.exception() is None and task.result()
        if about is not None:
            self._in_flight.discard(about)
            self._note(about, has_worked=has_worked)
        self._failures = (*self._failures, *self.apply.failed_starts)[-16:]
        self.apply.failed_starts.clear()
        if has_worked:
            self.wake.ring(pool_topic(self.pool))

    def _note(self, about: WorkspaceId | ClaimId, *, has_worked: bool) -> None:
        if has_worked:
            self._patience.worked(about)
        else:
            self._patience.failed(about, self.clock.monotonic())

    async def _guarded(self, work: Awaitable[object]) -> bool:
        try:
            await work
        except (CarrelError, DriverError) as error:
            _log.warning("action put off", pool=self.pool, why=error.sentence)
        except Exception:  # noqa: BLE001 - the next pass plans it again; the traceback is logged
            _log.exception("action failed", pool=self.pool)
        else:
            return True
        return False

    def _tick(
        self, view: View, actions: Sequence[Action], put_off: Collection[WorkspaceId | ClaimId]
    ) -> float:
        on_the_way = any(_is_on_the_way(row) and row.id not in put_off for row in view.workspaces)
        if actions or on_the_way:
            return BUSY_TICK
        turn = self._patience.next_turn(self.clock.monotonic())
        turns = [*_departures(view), *([] if turn is None else [turn])]
        return min(CALM_TICK, max(BUSY_TICK, min(turns, default=CALM_TICK)))


def _is_on_the_way(row: Workspace) -> bool:
    return row.phase in _ON_THE_WAY or (row.claim_id is not None and row.attached_at is None)


def _departures(view: View) -> list[float]:
    """Seconds until what was given back is released."""
    going = [claim.release_at for claim in view.claims if claim.release_at is not None]
    return [(release_at - view.listed_at).total_seconds() for release_at in going]


def _subjects(view: View) -> set[WorkspaceId | ClaimId]:
    return {
        *(row.id for row in view.workspaces),
        *(instance.workspace_id for instance in view.instances),
        *(claim.id for claim in view.claims),
    }
