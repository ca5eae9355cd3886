"""Any order of events: people, bad luck, changes of policy, and plans that are applied late, in part, or twice.

Whatever happens, nobody's workspace goes for a reason they may not see, none is shared, and the limit holds.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import Phase as Stage
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from carrel.domain.claim import ClaimState
from carrel.domain.ids import HomeId
from carrel.domain.reason import ReasonCode
from carrel.domain.workspace import Phase, Workspace
from carrel.rules.actions import Action
from carrel.testing.worlds import World, a_pool, a_template

HIDDEN_FROM_OWNERS = {
    ReasonCode.UNWATCHED,
    ReasonCode.OUTDATED,
    ReasonCode.STALE,
    ReasonCode.SURPLUS,
    ReasonCode.UNKNOWN,
}


def is_open(row: Workspace) -> bool:
    return row.phase is Phase.READY and row.claim_id is not None


class Life(RuleBasedStateMachine):
    @initialize(warm=st.integers(0, 3), limit=st.integers(0, 6), starts_with_home=st.booleans())
    def begin(self, warm: int, limit: int, starts_with_home: bool) -> None:
        self.world = World(a_pool(warm=warm, limit=limit), starts_with_home=starts_with_home)
        self.planned: list[Action] = []
        self.most = 0

    @rule()
    def somebody_claims(self) -> None:
        self.world.claim()

    @rule(which=st.integers(0, 3))
    def somebody_comes_back_to_their_files(self, which: int) -> None:
        home = HomeId(f"back{which}")
        if not self.world.is_promised(home):
            self.world.claim(home)

    @rule(is_stuck=st.booleans())
    def nothing_can_be_ended_for_a_while(self, is_stuck: bool) -> None:
        self.world.is_stuck = is_stuck

    @rule(starts_with_home=st.booleans())
    def the_backend_changes(self, starts_with_home: bool) -> None:
        self.world.starts_with_home = starts_with_home

    @rule(which=st.integers(0, 99))
    def somebody_releases(self, which: int) -> None:
        live = [claim.id for claim in self.world.claims.values() if claim.state is not ClaimState.RELEASED]
        if live:
            self.world.release(live[which % len(live)])

    @rule(which=st.integers(0, 99))
    def somebody_gives_back(self, which: int) -> None:
        live = [claim.id for claim in self.world.claims.values() if claim.state is not ClaimState.RELEASED]
        if live:
            self.world.give_back(live[which % len(live)])

    @rule(which=st.integers(0, 99))
    def somebody_wants_it_after_all(self, which: int) -> None:
        going = [
            claim.id
            for claim in self.world.claims.values()
            if claim.state is not ClaimState.RELEASED and claim.release_at is not None
        ]
        if going:
            self.world.undo(going[which % len(going)])

    @rule(which=st.integers(0, 99))
    def somebody_enters(self, which: int) -> None:
        holding = [claim.id for claim in self.world.claims.values() if claim.state is ClaimState.HELD]
        if holding:
            self.world.enter(holding[which % len(holding)])

    @rule(which=st.integers(0, 99), vanishes=st.booleans())
    def an_instance_dies(self, which: int, vanishes: bool) -> None:
        running = list(self.world.instances)
        if running:
            (self.world.lose if vanishes else self.world.crash)(running[which % len(running)])

    @rule(
        seconds=st.sampled_from([1, 15, 40, 180, 45 * 60, 13 * 3600, 4 * 86_400, -3600]),
        watched=st.booleans(),
    )
    def time_passes(self, seconds: int, watched: bool) -> None:
        self.world.tick(timedelta(seconds=seconds), watched=watched)

    @rule(warm=st.integers(0, 3), limit=st.integers(0, 6), paused=st.booleans())
    def the_policy_changes(self, warm: int, limit: int, paused: bool) -> None:
        self.world.pool = replace(self.world.pool, warm=warm, limit=limit, paused=paused)

    @rule(version=st.sampled_from(["v1", "v2", "v3"]), broken=st.booleans())
    def the_template_changes(self, version: str, broken: bool) -> None:
        self.world.template = a_template(version)
        self.world.broken_version = version if broken else None
        self.world.recent_failures = ()

    @rule()
    def a_look_is_planned_and_not_yet_applied(self) -> None:
        self.planned = self.world.plan()

    @rule(how_many=st.integers(0, 9))
    def a_plan_is_applied_late_or_in_part_or_twice(self, how_many: int) -> None:
        self.world.apply(self.planned[:how_many])

    @rule(passes=st.integers(1, 5))
    def the_loop_runs(self, passes: int) -> None:
        for _ in range(passes):
            self.world.apply(self.world.plan())

    @invariant()
    def nobody_loses_theirs_for_a_hidden_reason(self) -> None:
        ends = self.world.ends if hasattr(self, "world") else []
        assert not [(row, why) for row, why in ends if row.claim_id and why.code in HIDDEN_FROM_OWNERS]

    @invariant()
    def nobody_shares(self) -> None:
        claims = self.world.claims.values() if hasattr(self, "world") else []
        holding = [claim.workspace_id for claim in claims if claim.state is ClaimState.HELD]
        assert len(holding) == len(set(holding))

    @invariant()
    def no_home_is_in_two_instances(self) -> None:
        homes = list(self.world.seen_inside.values()) if hasattr(self, "world") else []
        assert len(homes) == len(set(homes)), homes

    @invariant()
    def nobody_is_in_somebody_elses_files(self) -> None:
        if not hasattr(self, "world"):
            return
        for id_, home in self.world.seen_inside.items():
            claim_id = self.world.rows[id_].claim_id
            assert claim_id is None or self.world.claims[claim_id].home_id == home, (id_, home)

    @invariant()
    def the_live_count_grows_only_below_the_limit(self) -> None:
        if hasattr(self, "world"):
            live = len(self.world.live())
            assert live <= max(self.most, self.world.pool.limit)
            self.most = live

    def teardown(self) -> None:
        """When all goes well again, everybody whom the pool has room for is served."""
        if not hasattr(self, "world"):
            return
        self.world.broken_version = None
        self.world.is_stuck = False
        self.world.pool = replace(self.world.pool, paused=False, limit=99)
        for _ in range(80):
            self.world.tick(timedelta(seconds=15))
            self.world.apply(self.world.plan())
        assert not [claim for claim in self.world.claims.values() if claim.state is ClaimState.WAITING]
        assert not [row for row in self.world.rows.values() if is_open(row) and row.attached_at is None]
        warm = sum(row.is_warm for row in self.world.rows.values())
        assert warm == 0 if self.world.starts_with_home else warm >= self.world.pool.warm
        assert not [row for row in self.world.rows.values() if row.is_reserved]


FEW = settings(max_examples=120, stateful_step_count=30, derandomize=True, database=None, deadline=None)


def test_any_order_of_events() -> None:
    run_state_machine_as_test(Life, settings=FEW)


def test_a_plan_applied_without_its_guard_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(World, "_is_unchanged", lambda *_: True)

    many = settings(FEW, max_examples=300, report_multiple_bugs=False, phases=[Stage.generate])
    with pytest.raises(AssertionError):
        run_state_machine_as_test(Life, settings=many)


@pytest.mark.parametrize(
    ("where", "bug"),
    [
        ("carrel.rules.resize.unreserve", lambda *_: []),
        ("carrel.rules.assign.ready_for_theirs", lambda *_: []),
    ],
    ids=["never given up", "never given"],
)
def test_a_mistake_about_what_is_started_for_one_claim_is_noticed(
    where: str, bug: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(where, bug)
    many = settings(FEW, max_examples=300, report_multiple_bugs=False, phases=[Stage.generate])
    with pytest.raises(AssertionError):
        run_state_machine_as_test(Life, settings=many)
