"""One action, one effect. Chooses nothing: whatever is stale by now is dropped, and the next pass plans again.

Every step leaves a state that the next pass repairs, so that the process may be killed between any two lines.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

import structlog
from sqlalchemy import Connection

from carrel.domain.claim import Claim
from carrel.domain.ids import ClaimId, HomeId, PoolName, WorkspaceId
from carrel.domain.reason import Reason, ReasonCode
from carrel.domain.template import Template
from carrel.domain.workspace import Desired, Phase, Workspace
from carrel.mint import new_id, new_secret
from carrel.ports.clock import Clock
from carrel.ports.driver import (
    Driver,
    DriverUnavailable,
    OutOfCapacity,
    Rejected,
    Spec,
    home_place,
    starts_with,
    within,
)
from carrel.ports.wake import ROUTES, Wake, claim_topic, pool_topic
from carrel.reconcile import mishaps
from carrel.reconcile.ailing import explain
from carrel.reconcile.black_box import keep_last_words
from carrel.reconcile.letting_out import let_out
from carrel.rules.actions import (
    Action,
    Ask,
    Assign,
    Attach,
    Collect,
    Destroy,
    Destructive,
    Fail,
    Move,
    Release,
    Remove,
    Start,
    Warn,
)
from carrel.rules.causes import Delay
from carrel.rules.pace import PROVEN_AFTER
from carrel.rules.wording import announced, foretold
from carrel.store import claims, reserving, use, workspaces
from carrel.store.engine import Store
from carrel.store.facts import Facts

_log = structlog.get_logger(__name__)

ACCEPTS_WITHIN = 300.0
ENDS_WITHIN = 600.0
"""Seconds. A backend may be slow (an image is fetched, a disk is detached), but what hangs for ever is asked again."""

HandOver = Callable[[Claim], Awaitable[Claim]]
Publish = Callable[[], Awaitable[None]]


@dataclass(slots=True)
class Apply:
    """The hands of one pool's loop."""

    store: Store
    clock: Clock
    wake: Wake
    driver: Driver
    hand_over: HandOver
    publish: Publish
    zone: tzinfo = UTC
    """In which moments are said to people."""
    failed_starts: list[datetime] = field(default_factory=list)
    """Failures that only the applying sees; the loop adds them to what the planner is told, and empties the list."""

    async def intend(self, action: Start, facts: Facts) -> Ask | None:
        """The row first. None at the limit, when the template changed meanwhile, and when the files it is to start with are not to be had."""
        template = facts.template
        if template is None or template.version != action.template_version:
            return None
        row = _row(action, facts, template, self.clock.now())
        if action.claim is not None:
            return await self._intend_for(action.claim, row)
        if not await self.store.write(workspaces.intend, row):
            return None
        return Ask(row)

    async def _intend_for(self, claim: Claim, row: Workspace) -> Ask | None:
        """What keeps its files from coming along is told to whoever waits."""
        place = home_place(self.driver, row.backend) or ""
        try:
            intended = await self.store.write(
                reserving.intend_for, row, claim.id, HomeId(new_id()), place=place
            )
        except reserving.NoRoom:
            return None
        self.wake.ring(claim_topic(claim.id))
        return Ask(intended) if intended is not None else None

    async def assign(self, action: Assign) -> list[Claim]:
        held = await self.store.write(claims.assign, action.pool, self.clock.now())
        for claim in held:
            self.wake.ring(claim_topic(claim.id))
        return held

    async def give(self, claim: Claim, row: Workspace | None) -> None:
        """Hand over. One that was ready a moment ago and cannot be handed over is a failed start, or a recipe that starts well
        and serves nobody would be started again and again at full speed. Raises DriverUnavailable.
        """
        after = await self.hand_over(claim)
        if row is None or after.workspace_id == row.id or row.ready_at is None:
            return
        now = self.clock.now()
        if now - row.ready_at < PROVEN_AFTER:
            self.failed_starts.append(now)

    async def __call__(self, action: Action, facts: Facts) -> None:
        """Raises Unavailable and DriverUnavailable, which mean: later."""
        match action:
            case Start() | Assign():
                raise AssertionError("written by the loop before the next look: intend() and assign()")
            case Ask():
                await self._ask(action.workspace, facts)
            case Move():
                await self._move(action)
            case Attach():
                await self.give(action.claim, action.workspace)
            case Warn():
                await self._warn(action)
            case Fail() | Destroy() | Remove() | Release() | Collect():
                await self._finish(action)

    async def _finish(self, action: Destructive) -> None:
        match action:
            case Fail():
                await self._fail(action.workspace, action.reason)
            case Destroy():
                await self._stop(action.workspace, action.reason)
            case Remove():
                await self._end(action.workspace.id)
            case Release():
                await self._release(action)
            case Collect():
                _log.warning("unknown instance collected", workspace=action.instance.workspace_id)
                await self._destroy(action.instance.workspace_id)

    async def _ask(self, row: Workspace, facts: Facts) -> None:
        recipe = facts.recipes.get(row.template_version) or facts.template
        if recipe is None or recipe.version != row.template_version:
            return
        spec = Spec(row.id, row.pool, recipe, row.secret, starts_with(self.driver, row.home_id))
        try:
            await within(
                ACCEPTS_WITHIN,
                self.driver.create(spec),
                what="accept a start",
            )
        except Rejected as error:
            self.failed_starts.append(self.clock.now())
            _log.error("start rejected", pool=row.pool, workspace=row.id, why=error.sentence)
            await self._fail(row, Reason(error.code or ReasonCode.REJECTED, error.sentence))
        except (OutOfCapacity, DriverUnavailable) as error:
            self.failed_starts.append(self.clock.now())
            _log.warning("start put off", pool=row.pool, workspace=row.id, why=error.sentence)
            delay = Delay.FULL if isinstance(error, OutOfCapacity) else Delay.AWAY
            await self.put_off(row.pool, delay, error.sentence)

    async def put_off(self, pool: PoolName, delay: Delay, why: str, stuck: WorkspaceId | None = None) -> None:
        """Nothing can be started for now: the pool and those who wait are told why. `stuck`: one that starts and gets nowhere."""
        told = await self.store.write(mishaps.put_off, pool, delay, why, self.clock.now(), stuck=stuck)
        self._ring(told)

    async def _move(self, action: Move) -> None:
        row = action.workspace
        moved = await self.store.write(
            workspaces.move,
            row.id,
            row.version,
            action.phase,
            self.clock.now(),
            endpoint=action.endpoint,
            handle=action.handle,
        )
        if moved is not None and moved.phase in (Phase.READY, Phase.GONE):
            self.wake.ring(ROUTES)
            self._tell(moved)

    async def _warn(self, action: Warn) -> None:
        row, now = action.workspace, self.clock.now()
        words = announced if action.is_certain else foretold
        told = words(action.because, action.stops_at, now, self.zone)
        warned = await self.store.write(use.warned, row.id, row.version, told, now)
        if warned is not None:
            self._tell(warned)

    async def _fail(self, row: Workspace, reason: Reason) -> None:
        reason = await explain(self.store, self.clock, self.driver, row, reason)
        words = await mishaps.last_words(self.store, self.driver, row)
        told = await self.store.write(mishaps.fail, row, reason, words, self.clock.now())
        if told is not None:
            self.wake.ring(ROUTES)
            self.wake.ring(pool_topic(row.pool))
            self._ring(told)

    async def _stop(self, row: Workspace, reason: Reason) -> None:
        stopping = await self.store.write(
            workspaces.move, row.id, row.version, Phase.STOPPING, self.clock.now(), reason=reason
        )
        if stopping is not None:
            self.wake.ring(ROUTES)
            self._tell(stopping)
            await self._end(row.id)

    async def _release(self, action: Release) -> None:
        released = await self.store.write(_release_unless_stale, action, self.clock.now())
        if released is not None:
            self.wake.ring(ROUTES)
            self.wake.ring(claim_topic(released.id))

    async def _end(self, workspace_id: WorkspaceId) -> None:
        """Out of the data plane first, so that nobody is sent to an address that is about to be somebody else's; then the files out
        of it, so that whatever becomes of the rest, their person has them. What it printed last is kept.
        """
        await self.publish()
        await let_out(self.store, self.clock, self.wake, self.driver, workspace_id)
        await keep_last_words(self.store, self.clock, self.driver, workspace_id)
        await self._destroy(workspace_id)
        if await self.store.write(_gone, workspace_id, self.clock.now()):
            self.wake.ring(ROUTES)

    async def _destroy(self, workspace_id: WorkspaceId) -> None:
        await within(ENDS_WITHIN, self.driver.destroy(workspace_id), what="end an instance")

    def _tell(self, row: Workspace) -> None:
        self.wake.ring(pool_topic(row.pool))
        self._ring([row.claim_id] if row.claim_id is not None else [])

    def _ring(self, told: Iterable[ClaimId]) -> None:
        for claim_id in told:
            self.wake.ring(claim_topic(claim_id))


def _release_unless_stale(conn: Connection, action: Release, now: datetime) -> Claim | None:
    """Not what was watched, entered or extended since it was looked at: its person is there after all."""
    claim = claims.get(conn, action.claim.id)
    if claim is None or claim.version != action.claim.version:
        return None
    if action.workspace is not None:
        row = workspaces.get(conn, action.workspace.id)
        if row is None or row.version != action.workspace.version:
            return None
    return claims.release(conn, claim.id, action.reason, now, seen=claim.version)


def _gone(conn: Connection, workspace_id: WorkspaceId, now: datetime) -> Workspace | None:
    """The driver said so by returning; a list may show it later, and a clock that was set back later still."""
    row = workspaces.get(conn, workspace_id)
    if row is None or row.phase is not Phase.STOPPING:
        return None
    return workspaces.move(conn, row.id, row.version, Phase.GONE, now)


def _row(action: Start, facts: Facts, template: Template, now: datetime) -> Workspace:
    return Workspace(
        id=WorkspaceId(new_id()),
        pool=action.pool,
        template=action.template,
        template_version=action.template_version,
        backend=facts.pool.backend,
        phase=Phase.PENDING,
        desired=Desired.RUNNING,
        created_at=now,
        phase_at=now,
        secret=new_secret(),
        price_per_hour=template.price_per_hour,
    )
