"""A pool in miniature, held in memory: rows, claims, a driver that does as it is told, people and bad luck.

It applies actions as the real thing does (guarded by version and `TRANSITIONS`), so that the planner can be judged by what
becomes of its plans. It decides nothing and checks nothing besides; the properties are in the tests.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, assert_never

from carrel.domain.claim import Claim, ClaimState
from carrel.domain.endpoint import Endpoint
from carrel.domain.ids import BackendName, ClaimId, HomeId, PoolName, TemplateName, UserId, WorkspaceId
from carrel.domain.instance import Instance, InstanceState
from carrel.domain.pool import Pool
from carrel.domain.reason import Reason
from carrel.domain.template import Template
from carrel.domain.workspace import LIVE, Desired, Phase, Workspace, may_become
from carrel.rules import actions as act
from carrel.rules.collect import unknown
from carrel.rules.expire import UNDO_FOR
from carrel.rules.pace import remember
from carrel.rules.plan import plan
from carrel.rules.view import View
from carrel.rules.wording import GIVEN_BACK

NOON: Final = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def a_pool(**changes: Any) -> Pool:
    plain = Pool(PoolName("jupyterlab"), TemplateName("jupyterlab"), BackendName("local"))
    return replace(plain, **changes)


def a_template(version: str = "v1") -> Template:
    return Template(TemplateName("jupyterlab"), command=("jupyter", "lab"), version=version)


def a_workspace(
    number: int = 1, phase: Phase = Phase.READY, *, at: datetime = NOON, **changes: Any
) -> Workspace:
    """Row `number` of the plain pool, which came to this phase at `at`."""
    plain = Workspace(
        id=workspace_id(number),
        pool=PoolName("jupyterlab"),
        template=TemplateName("jupyterlab"),
        template_version="v1",
        backend=BackendName("local"),
        phase=phase,
        desired=Desired.GONE if phase in (Phase.STOPPING, Phase.FAILED, Phase.GONE) else Desired.RUNNING,
        created_at=at,
        phase_at=at,
        ready_at=at if phase in (Phase.READY, Phase.DRAINING) else None,
    )
    return replace(plain, **changes)


def a_claim(number: int = 1, *, at: datetime = NOON, **changes: Any) -> Claim:
    """Claim `number`, waiting since `at`."""
    user, pool = UserId(f"u{number:015d}"), PoolName("jupyterlab")
    plain = Claim(claim_id(number), user, pool, "default", ClaimState.WAITING, created_at=at, watched_at=at)
    return replace(plain, **changes)


def an_instance(
    number: int = 1, state: InstanceState = InstanceState.RUNNING, *, pool: str | None = "jupyterlab"
) -> Instance:
    endpoint = None if state is InstanceState.STARTING else Endpoint("127.0.0.1", 20_000 + number)
    return Instance(
        workspace_id(number), PoolName(pool) if pool else None, state, endpoint, handle=f"h{number}"
    )


def held(workspace: Workspace, claim: Claim, *, at: datetime = NOON) -> tuple[Workspace, Claim]:
    """The two in each other's hands since `at`."""
    return (
        replace(workspace, claim_id=claim.id, owner=claim.user_id, assigned_at=at),
        replace(claim, state=ClaimState.HELD, workspace_id=workspace.id, held_at=at),
    )


def workspace_id(number: int) -> WorkspaceId:
    return WorkspaceId(f"w{number:015d}")


def claim_id(number: int) -> ClaimId:
    return ClaimId(f"c{number:015d}")


@dataclass
class Facts:
    """What is the case, and how it is written down."""

    pool: Pool
    template: Template = field(default_factory=a_template)
    now: datetime = NOON
    rows: dict[WorkspaceId, Workspace] = field(default_factory=dict)
    claims: dict[ClaimId, Claim] = field(default_factory=dict)
    instances: dict[WorkspaceId, Instance] = field(default_factory=dict)
    starts_with_home: bool = False
    """The driver can bring a home in only as an instance starts."""
    inside: dict[HomeId, WorkspaceId] = field(default_factory=dict)
    """Which row each home counts as being in, as the store has it."""
    seen_inside: dict[WorkspaceId, HomeId] = field(default_factory=dict)
    """Which home was brought into each instance, as the driver has it."""
    is_stuck: bool = False
    """The driver ends nothing."""
    in_flight: frozenset[WorkspaceId | ClaimId] = frozenset()
    mute: set[WorkspaceId] = field(default_factory=set)
    """Those whose app does not answer."""
    broken_version: str | None = None
    """What starts from this version of the template ends at once."""
    unknown_before: frozenset[WorkspaceId] = frozenset()
    recent_failures: tuple[datetime, ...] = ()
    ends: list[tuple[Workspace, Reason]] = field(default_factory=list)
    """Every row as it was when its end was decided, and why."""
    visits: list[tuple[WorkspaceId, ClaimId]] = field(default_factory=list)
    """Every home that was brought in: where, and for which claim."""
    numbers: int = 1000

    def is_promised(self, home: HomeId) -> bool:
        live = [claim for claim in self.claims.values() if claim.state is not ClaimState.RELEASED]
        return home in {claim.home_id for claim in live}

    def live(self) -> list[Workspace]:
        return [row for row in self.rows.values() if row.phase in LIVE]

    def _is_refused(self, claim: Claim) -> bool:
        return claim.state is not ClaimState.WAITING or self._where(claim) is not None

    def _where(self, claim: Claim) -> Workspace | None:
        """The live row that has its home."""
        row = self.rows.get(self.inside.get(claim.home_id, WorkspaceId(""))) if claim.home_id else None
        return row if row is not None and row.phase in LIVE else None

    def _is_elsewhere(self, claim: Claim) -> bool:
        row = self._where(claim)
        if row is None or claim.state is ClaimState.RELEASED:
            return False
        if claim.state is ClaimState.HELD:
            return row.claim_id != claim.id
        is_its_own = row.claim_id is None and row.home_id == claim.home_id and row.desired is Desired.RUNNING
        return self.starts_with_home and not is_its_own

    def _assign(self) -> None:
        waiting = sorted(
            (claim for claim in self.claims.values() if claim.state is ClaimState.WAITING),
            key=lambda claim: (claim.created_at, claim.id),
        )
        free = sorted(
            (
                row
                for row in self.rows.values()
                if row.is_warm or (row.is_reserved and row.phase is Phase.READY)
            ),
            key=lambda row: (row.created_at, row.id),
        )
        for claim in waiting:
            row = next((row for row in free if self._fits(row, claim)), None)
            if row is not None:
                free.remove(row)
                taken, holding = held(row, claim, at=self.now)
                self._write(taken)
                self.claims[claim.id] = holding

    def _fits(self, row: Workspace, claim: Claim) -> bool:
        return row.home_id is None or row.home_id == claim.home_id

    def _end(self, row: Workspace, phase: Phase, reason: Reason) -> None:
        self._check(row, phase)
        self.ends.append((row, reason))
        ended = replace(row, phase=phase, phase_at=self.now, desired=Desired.GONE)
        self._write(replace(ended, reason=reason.sentence, reason_code=reason.code))

    def _check(self, row: Workspace, phase: Phase) -> None:
        assert may_become(row.phase, phase), f"{row.phase} may not become {phase}"

    def _write(self, row: Workspace) -> None:
        self.rows[row.id] = replace(row, version=row.version + 1)


@dataclass
class World(Facts):
    # What people and time do

    def claim(self, home: HomeId | None = None) -> ClaimId:
        """`home` must be in no other live claim; a new one where none is named."""
        self.numbers += 1
        claim = a_claim(self.numbers, at=self.now, home_id=home or HomeId(f"h{self.numbers:015d}"))
        self.claims[claim.id] = claim
        self._assign()
        return claim.id

    def release(self, claim: ClaimId, reason: Reason | None = None) -> None:
        held_claim = self.claims[claim]
        self.claims[claim] = replace(held_claim, state=ClaimState.RELEASED, released_at=self.now)
        row = self.rows.get(held_claim.workspace_id) if held_claim.workspace_id else None
        if row is not None and may_become(row.phase, Phase.STOPPING):
            self._end(row, Phase.STOPPING, reason or GIVEN_BACK)

    def give_back(self, claim: ClaimId) -> None:
        """What waits leaves at once; what is held goes on for a moment."""
        if self.claims[claim].state is ClaimState.HELD:
            self.claims[claim] = replace(self.claims[claim], release_at=self.now + UNDO_FOR)
        else:
            self.release(claim)

    def undo(self, claim: ClaimId) -> None:
        self.claims[claim] = replace(self.claims[claim], release_at=None)

    def enter(self, claim: ClaimId) -> None:
        held_in = self.claims[claim].workspace_id
        if held_in in self.rows:
            self._write(replace(self.rows[held_in], entered_at=self.now))

    def use(self, workspace: WorkspaceId) -> None:
        """Somebody types, or something computes, and it is seen."""
        row = self.rows[workspace]
        self._write(replace(row, last_active_at=self.now, observed_at=self.now, warned_at=None))

    def observe(self, workspace: WorkspaceId) -> None:
        """It could be asked and was not in use. No new version: a plan that was made before holds."""
        self.rows[workspace] = replace(self.rows[workspace], observed_at=self.now)

    def tick(self, passed: timedelta, *, watched: bool = True) -> None:
        """Time passes, or is set back; whoever waits goes on watching, or looks away."""
        self.now += passed
        for claim in self.claims.values() if watched else ():
            self.claims[claim.id] = replace(claim, watched_at=self.now)

    def crash(self, workspace: WorkspaceId) -> None:
        if workspace in self.instances:
            self.instances[workspace] = replace(self.instances[workspace], state=InstanceState.ENDED)

    def lose(self, workspace: WorkspaceId) -> None:
        self.instances.pop(workspace, None)
        self.seen_inside.pop(workspace, None)

    def _remove(self, workspace: WorkspaceId) -> None:
        if not self.is_stuck:
            self.lose(workspace)

    # Look, plan, apply

    def look(self) -> View:
        running = {one.workspace_id for one in self.instances.values() if one.state is InstanceState.RUNNING}
        return View(
            listed_at=self.now,
            template=self.template,
            workspaces=tuple(self.live()),
            instances=tuple(self.instances.values()),
            claims=tuple(claim for claim in self.claims.values() if claim.state is not ClaimState.RELEASED),
            homes_elsewhere=frozenset(
                claim.id for claim in self.claims.values() if self._is_elsewhere(claim)
            ),
            starts_with_home=self.starts_with_home,
            answering=frozenset(running - self.mute),
            silent=frozenset(self.mute),
            unknown_before=self.unknown_before,
            in_flight=self.in_flight,
            recent_failures=self.recent_failures,
        )

    def plan(self) -> list[act.Action]:
        """Look and decide, and remember what the next look needs to know of this one."""
        view = self.look()
        planned = plan(view, self.pool, self.now)
        self.unknown_before = unknown(view, self.pool)
        self.recent_failures = remember(view, planned, self.now)
        return planned

    def settle(self, passes: int) -> bool:
        """Plan and apply until there is nothing left to do; False if there still is after so many passes."""
        for _ in range(passes):
            planned = self.plan()
            if not planned and not self.look().unknown_before:
                return True
            self.apply(planned)
        return False

    def apply(self, planned: Iterable[act.Action]) -> None:
        for action in planned:
            self._apply(action)

    def _apply(self, action: act.Action) -> None:
        match action:
            case act.Start():
                self._intend(action)
            case act.Ask():
                self._create(action.workspace)
            case act.Assign():
                self._assign()
            case act.Collect():
                self._remove(action.instance.workspace_id)
            case act.Release():
                if self._is_fresh(action):
                    self.release(action.claim.id, action.reason)
            case act.Move() | act.Attach() | act.Warn() | act.Fail() | act.Destroy() | act.Remove():
                if self._is_unchanged(action.workspace):
                    self._apply_guarded(action)
            case _:
                assert_never(action)

    def _is_fresh(self, release: act.Release) -> bool:
        is_same_claim = self.claims[release.claim.id] == release.claim
        return is_same_claim and (release.workspace is None or self._is_unchanged(release.workspace))

    def _is_unchanged(self, seen: Workspace) -> bool:
        return self.rows[seen.id].version == seen.version

    def _apply_guarded(
        self, action: act.Move | act.Attach | act.Warn | act.Fail | act.Destroy | act.Remove
    ) -> None:
        row = self.rows[action.workspace.id]
        match action:
            case act.Move():
                self._move(row, action)
            case act.Attach():
                self._hand_over(row, self.claims[action.claim.id])
            case act.Warn():
                self._write(replace(row, warned_at=self.now))
            case act.Fail():
                self._end(row, Phase.FAILED, action.reason)
            case act.Destroy():
                self._end(row, Phase.STOPPING, action.reason)
                self._remove(row.id)
            case act.Remove():
                self._remove(row.id)

    def _intend(self, start: act.Start) -> None:
        """As the store: nothing is inserted beyond the limit, nor with a home that is elsewhere."""
        claim = self.claims[start.claim.id] if start.claim is not None else None
        if len(self.live()) >= self.pool.limit or (claim is not None and self._is_refused(claim)):
            return
        self.numbers += 1
        version = start.template_version
        row = a_workspace(self.numbers, Phase.PENDING, at=self.now, template_version=version)
        if claim is not None:
            home = claim.home_id or HomeId(f"h{self.numbers:015d}")
            self.claims[claim.id] = replace(claim, home_id=home)
            self.inside[home] = row.id
            row = replace(row, home_id=home)
        self._write(row)

    def _hand_over(self, row: Workspace, claim: Claim) -> None:
        """As the service: what was started without these files is given up, and its claim waits again."""
        if claim.home_id is None or not self.starts_with_home:
            if self._is_elsewhere(claim):
                return
        elif row.home_id != claim.home_id:
            self.claims[claim.id] = replace(claim, state=ClaimState.WAITING, workspace_id=None)
            given_up = replace(
                row, claim_id=None, owner=None, home_id=None, phase=Phase.FAILED, phase_at=self.now
            )
            self._write(replace(given_up, desired=Desired.GONE))
            return
        if claim.home_id is not None:
            self.inside[claim.home_id] = row.id
            self.seen_inside[row.id] = claim.home_id
        self.visits.append((row.id, claim.id))
        self._write(replace(row, attached_at=self.now, home_id=claim.home_id))

    def _create(self, workspace: Workspace) -> None:
        row = self.rows[workspace.id]
        if row.phase is Phase.PENDING and row.id not in self.instances:
            is_broken = row.template_version == self.broken_version
            state = InstanceState.ENDED if is_broken else InstanceState.RUNNING
            self.instances[row.id] = an_instance(int(row.id[1:]) % 40_000, state)
            self.instances[row.id] = replace(self.instances[row.id], workspace_id=row.id)
            if row.home_id is not None and self.starts_with_home:
                self.seen_inside[row.id] = row.home_id

    def _move(self, row: Workspace, move: act.Move) -> None:
        self._check(row, move.phase)
        ready_at = self.now if move.phase is Phase.READY else row.ready_at
        moved = replace(row, phase=move.phase, phase_at=self.now, ready_at=ready_at)
        self._write(replace(moved, endpoint=move.endpoint or row.endpoint, handle=move.handle or row.handle))
