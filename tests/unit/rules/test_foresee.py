"""What is foreseen is what comes about: the same plans, made and applied one after the other in a world."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from carrel.domain.claim import ClaimState
from carrel.domain.instance import InstanceState
from carrel.domain.reason import ReasonCode
from carrel.domain.workspace import LIVE, Desired, Phase, Workspace
from carrel.rules import actions as act
from carrel.rules.foresee import Foreseen, foresee
from carrel.rules.policy import in_force
from carrel.testing.worlds import NOON, World, a_claim, a_pool, a_workspace, an_instance, held

AGES = [timedelta(0), timedelta(seconds=30), timedelta(minutes=20), timedelta(hours=13), timedelta(days=5)]
RETIRED = {ReasonCode.OUTDATED, ReasonCode.STALE, ReasonCode.SURPLUS}
HOLDABLE = {Phase.READY, Phase.DRAINING, Phase.FAILED}
PASSES = 400
"""Replacing one overdue workspace takes seven passes of the loop, and starts come one at a time at the worst."""


def a_world(**policy: Any) -> World:
    return World(a_pool(**policy))


def a_row(world: World, number: int, phase: Phase = Phase.READY, **changes: Any) -> Workspace:
    row = a_workspace(number, phase, **changes)
    world.rows[row.id] = row
    if phase is not Phase.PENDING:
        world.instances[row.id] = an_instance(number)
    return row


def a_holder(world: World, number: int, since: timedelta = timedelta(0), **changes: Any) -> None:
    row, claim = held(a_workspace(number, **changes), a_claim(number), at=NOON - since)
    world.rows[row.id], world.claims[claim.id] = replace(row, attached_at=NOON, entered_at=NOON), claim
    world.instances[row.id] = an_instance(number)


def foreseen(world: World, **policy: Any) -> Foreseen:
    return foresee(world.look(), in_force(replace(world.pool, **policy)), world.now)


def codes(ends: tuple[tuple[object, int], ...]) -> dict[str, int]:
    return {reason.code.value: many for reason, many in ends}  # type: ignore[attr-defined]


def test_an_empty_pool_is_filled_a_few_at_a_time() -> None:
    found = foreseen(a_world(warm=0, limit=20, starting_at_once=4), warm=8)
    assert (found.starts, found.starts_at_once, found.retires, found.is_whole) == (8, 4, (), True)


def test_what_is_too_many_is_retired() -> None:
    world = a_world(warm=5)
    for number in range(1, 6):
        a_row(world, number)
    found = foreseen(world, warm=2)
    assert (found.starts, codes(found.retires)) == (0, {"surplus": 3})


def test_nothing_is_foreseen_where_all_is_as_it_should_be() -> None:
    world = a_world(warm=1)
    a_row(world, 1)
    assert foreseen(world) == Foreseen(0, 0, (), (), 0, 0, is_whole=True)


def test_people_who_wait_are_served_as_far_as_the_limit_goes() -> None:
    world = a_world(warm=0, limit=1)
    a_holder(world, 1)
    for number in (11, 12, 13):
        claim = a_claim(number)
        world.claims[claim.id] = claim
    found = foreseen(world, limit=3)
    assert (found.starts, found.assigned, found.still_waiting) == (2, 2, 1)


def test_a_pause_starts_nothing_and_ends_nothing() -> None:
    world = a_world(warm=3)
    a_row(world, 1)
    assert foreseen(world, paused=True) == Foreseen(0, 0, (), (), 0, 0, is_whole=True)


def test_a_drain_retires_what_nobody_holds_and_leaves_the_others_alone() -> None:
    world = a_world(warm=2)
    a_row(world, 1)
    a_row(world, 2, Phase.STARTING)
    a_holder(world, 3)
    found = foreseen(world, draining=True)
    assert (found.starts, codes(found.retires), found.releases) == (0, {"surplus": 2}, ())


def test_a_shorter_age_tells_whom_it_puts_out() -> None:
    world = a_world(max_age=timedelta(hours=12))
    a_holder(world, 1, since=timedelta(hours=5))
    a_holder(world, 2, since=timedelta(minutes=5))
    assert codes(foreseen(world, max_age=timedelta(hours=1)).releases) == {"expired": 1}


def test_all_outdated_ones_are_replaced_one_after_the_other() -> None:
    world = a_world(warm=3)
    for number in (1, 2, 3):
        a_row(world, number, template_version="v0")
    found = foreseen(world)
    assert (found.starts, codes(found.retires), found.is_whole) == (3, {"outdated": 3}, True)


def test_a_start_that_ended_is_made_up_for() -> None:
    world = a_world(warm=1)
    row = a_row(world, 1, Phase.STARTING)
    world.crash(row.id)
    found = foreseen(world)
    assert (found.starts, found.retires) == (1, ())


def test_a_pool_too_large_to_follow_to_the_end_says_so() -> None:
    world = a_world(warm=400, limit=1500)
    for number in range(1, 401):
        a_row(world, number, template_version="v0")
    found = foreseen(world)
    assert not found.is_whole
    assert found.starts > 20


# Judged against the loop in miniature


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Any number of anything, but nothing where a moment decides: all that start are equally far, and none of these is outdated,
    since such a one is retired only if it does not answer first.
    """
    world = a_world(
        warm=draw(st.integers(0, 5)),
        limit=draw(st.integers(0, 9)),
        starting_at_once=draw(st.integers(1, 3)),
        paused=draw(st.integers(0, 5)) == 0,
    )
    for number in range(101, 101 + draw(st.integers(0, 4))):
        claim = a_claim(number, at=NOON - draw(st.sampled_from(AGES)))
        world.claims[claim.id] = claim
    for number in range(1, draw(st.integers(0, 8)) + 1):
        phase = draw(st.sampled_from(sorted(LIVE - {Phase.PENDING})))
        version = "v1" if phase is Phase.STARTING else draw(st.sampled_from(["v0", "v1", "v1"]))
        _put(draw, world, number, phase=phase, template_version=version)
    return world


def _put(draw: st.DrawFn, world: World, number: int, **given: Any) -> None:
    at = NOON - draw(st.sampled_from(AGES))
    row = replace(
        a_workspace(number, at=at, **given),
        attached_at=draw(st.sampled_from([None, at])),
        entered_at=draw(st.sampled_from([None, at])),
    )
    if draw(st.integers(0, 9)) == 0:
        row = replace(row, desired=Desired.GONE)
    if row.phase in HOLDABLE and draw(st.booleans()):
        row, claim = held(row, a_claim(number, at=at), at=at)
        world.claims[claim.id] = claim
    else:
        row = replace(row, attached_at=None, entered_at=None)
    state = draw(st.sampled_from([InstanceState.RUNNING, InstanceState.RUNNING, InstanceState.ENDED]))
    if row.is_warm:
        state = InstanceState.RUNNING  # else the hand-over would find it dead, and there is none here
    world.rows[row.id], world.instances[row.id] = row, an_instance(number, state)


def _as_the_loop_does_it(world: World) -> tuple[int, int]:
    """How many it starts, and how many claims it ends, until there is nothing left to do."""
    starts, releases = 0, 0
    for _ in range(PASSES):
        world.recent_failures = ()  # the delay after a failure passes, and here no time does
        planned = world.plan()
        if not planned:
            return starts, releases
        starts += sum(isinstance(action, act.Start) for action in planned)
        releases += sum(isinstance(action, act.Release) for action in planned)
        world.apply(planned)
    raise AssertionError("the world did not come to rest")


@given(worlds())
def test_what_is_foreseen_is_what_the_loop_then_does(world: World) -> None:
    found = foresee(world.look(), world.pool, world.now)
    starts, releases = _as_the_loop_does_it(world)
    retired = Counter(reason for _, reason in world.ends if reason.code in RETIRED)
    still_waiting = sum(claim.state is ClaimState.WAITING for claim in world.claims.values())
    assert found.is_whole
    assert (found.starts, sum(many for _, many in found.releases), found.still_waiting) == (
        starts,
        releases,
        still_waiting,
    )
    assert dict(found.retires) == dict(retired)
