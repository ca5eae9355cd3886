"""What must hold in every world: each property is a function, judged over generated worlds, and once more with a bug patched in
that it has to notice."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import Phase as Stage
from hypothesis import strategies as st

from carrel.domain.claim import Claim, ClaimState
from carrel.domain.ids import PoolName, WorkspaceId
from carrel.domain.instance import InstanceState
from carrel.domain.reason import Reason, ReasonCode
from carrel.domain.workspace import LIVE, TRANSITIONS, Desired, Phase, Workspace
from carrel.rules import actions as act
from carrel.rules.plan import plan
from carrel.rules.repair import repair
from carrel.rules.resize import resize
from carrel.rules.view import View
from carrel.rules.wording import GIVEN_BACK
from carrel.testing.worlds import NOON, World, a_claim, a_pool, a_workspace, an_instance, held

OWNER_MAY_SEE = {
    ReasonCode.RELEASED,
    ReasonCode.STOPPED_BY_ADMIN,
    ReasonCode.EXPIRED,
    ReasonCode.IDLE,
    ReasonCode.UNENTERED,
    ReasonCode.CRASHED,
    ReasonCode.UNRESPONSIVE,
    ReasonCode.START_TIMEOUT,
    ReasonCode.REJECTED,
    ReasonCode.LOST,
    ReasonCode.ATTACH_FAILED,
}
AGES = [timedelta(0), timedelta(seconds=30), timedelta(minutes=20), timedelta(hours=13), timedelta(days=5)]
GOING = [NOON - timedelta(minutes=1), NOON, NOON + timedelta(seconds=9)]
HOLDABLE = {Phase.STARTING, Phase.READY, Phase.DRAINING, Phase.STOPPING, Phase.FAILED}
PASSES = 80
"""Replacing one overdue workspace takes seven passes, and there are at most eight."""


@st.composite
def rows(draw: st.DrawFn, number: int) -> Workspace:
    phase = draw(st.sampled_from(sorted(LIVE)))
    at = NOON - draw(st.sampled_from(AGES))
    is_ending = phase in (Phase.STOPPING, Phase.FAILED)
    return a_workspace(
        number,
        phase,
        at=at,
        template_version=draw(st.sampled_from(["v0", "v1", "v1"])),
        handle=f"h{number}" if draw(st.booleans()) else None,
        reason_code=draw(st.sampled_from([None, "crashed", "stopped_by_admin"])) if is_ending else None,
        desired=Desired.GONE if is_ending or draw(st.integers(0, 9)) == 0 else Desired.RUNNING,
        attached_at=draw(st.sampled_from([None, at])),
        entered_at=draw(st.sampled_from([None, at])),
        observed_at=draw(st.sampled_from([None, NOON])),
        warned_at=draw(st.sampled_from([None, at])),
    )


@st.composite
def worlds(draw: st.DrawFn) -> World:
    pool = a_pool(
        warm=draw(st.integers(0, 4)),
        limit=draw(st.integers(0, 9)),
        starting_at_once=draw(st.integers(1, 3)),
        paused=draw(st.integers(0, 4)) == 0,
    )
    world = World(pool, broken_version=draw(st.sampled_from([None, None, "v1"])))
    for number in range(1, draw(st.integers(0, 8)) + 1):
        row = draw(rows(number))
        if row.phase in HOLDABLE and draw(st.booleans()):
            since = row.phase_at + draw(st.sampled_from([timedelta(0), timedelta(days=-1)]))
            given_back = draw(st.sampled_from([None, None, *GOING]))
            row, claim = held(row, a_claim(number, at=since, release_at=given_back), at=since)
            world.claims[claim.id] = claim
        world.rows[row.id] = row
        state = draw(st.sampled_from([None, *InstanceState, InstanceState.RUNNING, InstanceState.RUNNING]))
        if state is not None:
            world.instances[row.id] = an_instance(number, state)
        if draw(st.integers(0, 5)) == 0:
            world.mute.add(row.id)
    for number in range(101, 101 + draw(st.integers(0, 4))):
        claim = a_claim(number, at=NOON - draw(st.sampled_from(AGES)))
        world.claims[claim.id] = claim
    for number, pool_tag in enumerate(
        draw(st.lists(st.sampled_from(["jupyterlab", "other", None]), max_size=3))
    ):
        stranger = an_instance(201 + number, draw(st.sampled_from(InstanceState)), pool=pool_tag)
        world.instances[stranger.workspace_id] = stranger
    world.recent_failures = tuple(NOON - age for age in draw(st.lists(st.sampled_from(AGES), max_size=4)))
    return world


# The properties


def a_holder_loses_a_workspace_only_for_a_reason_they_may_see(world: World) -> None:
    for _ in range(12):
        planned = world.plan()
        for action in planned:
            if isinstance(action, act.Destroy):
                assert not is_held(world, action.workspace), action
            if isinstance(action, act.Release) and action.claim.state is ClaimState.HELD:
                assert action.reason.code in OWNER_MAY_SEE, action
                assert action.reason.sentence.endswith("."), action
        world.apply(planned)
        for row, reason in world.ends:
            assert row.claim_id is None or reason.code in OWNER_MAY_SEE, (row, reason)


def one_workspace_never_has_two_claims(world: World) -> None:
    for _ in range(12):
        world.apply(world.plan())
        holding = [claim.workspace_id for claim in world.claims.values() if claim.state is ClaimState.HELD]
        assert len(holding) == len(set(holding))
        for workspace, claim in world.visits:
            assert world.rows[workspace].claim_id == claim, "a home was brought to somebody else's workspace"


def the_live_count_never_grows_past_the_limit(world: World) -> None:
    for _ in range(12):
        before = len(world.live())
        planned = world.plan()
        starts = sum(isinstance(action, act.Start) for action in planned)
        assert before + starts <= max(before, world.pool.limit)
        world.apply(planned)
        assert len(world.live()) <= max(before, world.pool.limit)


def plans_come_to_rest(world: World) -> None:
    assert world.settle(PASSES), world.plan()


def strangers_are_left_alone(world: World) -> None:
    """At first look whatever is unknown, and for ever what does not bear this pool's name."""
    known = set(world.rows)
    foreign = {
        id_ for id_, one in world.instances.items() if id_ not in known and one.pool != world.pool.name
    }
    for action in world.plan():
        touched = act.subject(action)
        assert touched is None or touched in known, action
    world.settle(12)
    assert foreign <= set(world.instances)


def every_workspace_can_end(world: World) -> None:
    for claim in [claim for claim in world.claims.values() if claim.state is not ClaimState.RELEASED]:
        world.release(claim.id)
    world.pool = replace(world.pool, warm=0, paused=True)
    world.settle(PASSES)
    assert {row.phase for row in world.rows.values()} <= {Phase.GONE}


def what_is_being_worked_on_is_left_alone(world: World) -> None:
    everything = sorted({*world.rows, *world.instances})
    world.in_flight = frozenset(everything[::2])
    for _ in range(4):
        planned = world.plan()
        assert not {act.subject(action) for action in planned} & world.in_flight
        world.apply(planned)


def what_is_given_back_ends_at_its_time_and_not_before(world: World) -> None:
    for _ in range(12):
        planned = world.plan()
        for action in planned:
            if isinstance(action, act.Release) and action.reason == GIVEN_BACK:
                assert action.claim.release_at is not None, action
                assert action.claim.release_at <= world.now, action
        world.apply(planned)
    live = [claim for claim in world.claims.values() if claim.state is not ClaimState.RELEASED]
    assert not [claim for claim in live if claim.release_at is not None and claim.release_at <= world.now]


def is_held(world: World, row: Workspace) -> bool:
    claim = world.claims.get(row.claim_id) if row.claim_id else None
    return claim is not None and claim.state is ClaimState.HELD


PROPERTIES = [
    a_holder_loses_a_workspace_only_for_a_reason_they_may_see,
    one_workspace_never_has_two_claims,
    the_live_count_never_grows_past_the_limit,
    plans_come_to_rest,
    strangers_are_left_alone,
    every_workspace_can_end,
    what_is_being_worked_on_is_left_alone,
    what_is_given_back_ends_at_its_time_and_not_before,
]
Property = Callable[[World], None]


@pytest.mark.parametrize("holds", PROPERTIES, ids=lambda property_: property_.__name__)
def test_in_every_world(holds: Property) -> None:
    @settings(max_examples=120, derandomize=True, database=None, deadline=None)
    @given(worlds())
    def judge(world: World) -> None:
        holds(world)

    judge()


@settings(max_examples=150, derandomize=True, database=None, deadline=None)
@given(worlds(), st.just(timedelta(days=-400)))
def test_a_clock_set_back_ends_nothing_that_runs(world: World, jump: timedelta) -> None:
    world.tick(jump)
    healthy = {
        id_
        for id_, one in world.instances.items()
        if one.state is InstanceState.RUNNING and id_ not in world.mute
    }
    warm_wanted = replace(world.pool, warm=9, limit=99)
    for action in plan(world.look(), warm_wanted, world.now):
        if isinstance(action, act.Fail | act.Destroy):
            is_outdated = action.reason.code is ReasonCode.OUTDATED
            was_to_end = action.workspace.desired is Desired.GONE or action.workspace.phase is Phase.DRAINING
            assert action.workspace.id not in healthy or is_outdated or was_to_end, action
        if isinstance(action, act.Release):
            holding = world.rows.get(action.claim.workspace_id) if action.claim.workspace_id else None
            assert holding is not None, action
            assert holding.desired is Desired.GONE, action


# The same properties with a bug patched in


def judge_fails(holds: Property) -> None:
    @settings(
        max_examples=400,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Stage.generate],
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(worlds())
    def judge(world: World) -> None:
        holds(world)

    with pytest.raises(AssertionError):
        judge()


def ready_ones(view: View) -> list[Workspace]:
    return [row for row in view.workspaces if row.phase is Phase.READY and row.desired is Desired.RUNNING]


def retire_the_held(view: View, *_: Any) -> list[act.Destroy]:
    outdated = [row for row in ready_ones(view) if row.template_version != "v1"]
    return [act.Destroy(row, Reason(ReasonCode.OUTDATED, "Old.")) for row in outdated]


def expire_without_a_cause(view: View, *_: Any) -> list[act.Release]:
    return [act.Release(claim, Reason(ReasonCode.SURPLUS, "Too many.")) for claim in view.claims]


def attach_to_anybody(view: View) -> list[act.Attach]:
    holders = [claim for claim in view.claims if claim.state is ClaimState.HELD]
    return [act.Attach(row, claim) for row, claim in zip(ready_ones(view), reversed(holders), strict=False)]


def is_warm_though_claimed(row: Workspace) -> bool:
    return row.phase is Phase.READY and row.desired is Desired.RUNNING


def resize_without_limit(view: View, policy: Any, now: Any) -> list[act.Start | act.Destroy]:
    return resize(view, replace(policy, limit=99), now)


def resize_forgetting_the_ending(view: View, policy: Any, now: Any) -> list[act.Start | act.Destroy]:
    gone = {row.id for row in view.ending}
    return resize(
        replace(view, workspaces=tuple(r for r in view.workspaces if r.id not in gone)), policy, now
    )


def resize_that_flaps(view: View, policy: Any, now: Any) -> list[act.Start | act.Destroy]:
    too_many = resize(view, policy, now)
    return too_many or resize(view, replace(policy, warm=policy.warm + 1), now)


def repair_that_never_lets_go(view: View, policy: Any, now: Any) -> list[act.Action]:
    return [
        act.Remove(step.workspace, Reason(ReasonCode.RELEASED, "Again."))
        if isinstance(step, act.Move) and step.phase is Phase.GONE
        else step
        for step in repair(view, policy, now)
    ]


def repair_that_keeps_the_failed(view: View, policy: Any, now: Any) -> list[act.Action]:
    steps = repair(view, policy, now)
    return [
        step for step in steps if not (isinstance(step, act.Destroy) and step.workspace.phase is Phase.FAILED)
    ]


def collect_at_first_sight(view: View, policy: Any) -> list[act.Collect]:
    known = {row.id for row in view.workspaces}
    strangers = [one for one in view.instances if one.workspace_id not in known and one.pool == policy.name]
    return [act.Collect(one, Reason(ReasonCode.UNKNOWN, "Unknown.")) for one in strangers]


def collect_from_other_pools(view: View, _policy: Any) -> list[act.Collect]:
    known = {row.id for row in view.workspaces}
    strangers = [
        one for one in view.instances if one.workspace_id not in known and one.pool == PoolName("other")
    ]
    return [act.Collect(one, Reason(ReasonCode.UNKNOWN, "Unknown.")) for one in strangers]


def warm_without_asking_who_holds_it(view: View) -> list[Workspace]:
    return ready_ones(view)


def given_back_without_a_way_back(claim: Claim, _now: datetime) -> Reason | None:
    return GIVEN_BACK if claim.release_at is not None else None


def given_back_and_forgotten(_claim: Claim, _now: datetime) -> Reason | None:
    return None


def subject_of_nothing(_action: act.Action) -> WorkspaceId | None:
    return None


BUGS: list[tuple[Property, str, Any]] = [
    (a_holder_loses_a_workspace_only_for_a_reason_they_may_see, "carrel.rules.plan.retire", retire_the_held),
    (
        a_holder_loses_a_workspace_only_for_a_reason_they_may_see,
        "carrel.rules.plan.expire",
        expire_without_a_cause,
    ),
    (
        a_holder_loses_a_workspace_only_for_a_reason_they_may_see,
        "carrel.rules.view.View.warm",
        property(warm_without_asking_who_holds_it),
    ),
    (one_workspace_never_has_two_claims, "carrel.rules.plan.attach", attach_to_anybody),
    (
        one_workspace_never_has_two_claims,
        "carrel.domain.workspace.Workspace.is_warm",
        property(is_warm_though_claimed),
    ),
    (the_live_count_never_grows_past_the_limit, "carrel.rules.plan.resize", resize_without_limit),
    (the_live_count_never_grows_past_the_limit, "carrel.rules.plan.resize", resize_forgetting_the_ending),
    (plans_come_to_rest, "carrel.rules.plan.resize", resize_that_flaps),
    (plans_come_to_rest, "carrel.rules.plan.repair", repair_that_never_lets_go),
    (strangers_are_left_alone, "carrel.rules.plan.collect", collect_at_first_sight),
    (strangers_are_left_alone, "carrel.rules.plan.collect", collect_from_other_pools),
    (every_workspace_can_end, "carrel.rules.plan.repair", repair_that_keeps_the_failed),
    (every_workspace_can_end, "carrel.rules.plan.repair", repair_that_never_lets_go),
    (what_is_being_worked_on_is_left_alone, "carrel.rules.plan.subject", subject_of_nothing),
    (
        what_is_given_back_ends_at_its_time_and_not_before,
        "carrel.rules.expire._given_back",
        given_back_without_a_way_back,
    ),
    (
        what_is_given_back_ends_at_its_time_and_not_before,
        "carrel.rules.expire._given_back",
        given_back_and_forgotten,
    ),
]


@pytest.mark.parametrize(
    ("holds", "where", "bug"), BUGS, ids=[f"{holds.__name__}-{n}" for n, (holds, _, _) in enumerate(BUGS)]
)
def test_the_property_notices_a_bug(
    holds: Property, where: str, bug: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(where, bug)
    judge_fails(holds)


# Over the table of transitions


def phases_that_reach_gone() -> set[Phase]:
    reaching = {Phase.GONE}
    while grown := {old for old in Phase if TRANSITIONS[old] & reaching} - reaching:
        reaching |= grown
    return reaching


def test_every_phase_reaches_gone_by_the_table() -> None:
    assert phases_that_reach_gone() == set(Phase)


def test_a_table_in_which_stopping_leads_nowhere_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TRANSITIONS, Phase.STOPPING, frozenset())
    assert phases_that_reach_gone() == {Phase.GONE}
