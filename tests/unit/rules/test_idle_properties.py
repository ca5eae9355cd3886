"""What must hold of idleness in every world in which people hold workspaces, use them, or leave them alone; and that each property
notices a bug.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import Phase as Stage
from hypothesis import strategies as st

from carrel.domain.pool import Pool
from carrel.domain.reason import ReasonCode
from carrel.domain.workspace import Workspace
from carrel.rules import actions as act
from carrel.rules.cull import cull
from carrel.rules.verdict import Stop
from carrel.rules.view import View
from carrel.testing.worlds import NOON, World, a_claim, a_pool, a_workspace, an_instance, held

LIMITS = [None, timedelta(minutes=1), timedelta(minutes=90)]
BEGAN = NOON - timedelta(hours=6)
MOMENTS = [NOON - timedelta(minutes=minutes) for minutes in (0, 1, 12, 95, 300)]
PROMISES = [None, None, NOON + timedelta(hours=1), NOON - timedelta(hours=1)]
STEP = timedelta(minutes=4)


@st.composite
def idling(draw: st.DrawFn) -> World:
    world = World(a_pool(limit=9, stop_after_idle=draw(st.sampled_from(LIMITS))))
    for number in range(1, draw(st.integers(1, 3)) + 1):
        row = a_workspace(
            number,
            at=BEGAN,
            attached_at=BEGAN,
            entered_at=draw(st.sampled_from([None, *[BEGAN] * 4])),
            last_active_at=draw(st.sampled_from([None, *MOMENTS])),
            observed_at=draw(st.sampled_from([None, NOON, *MOMENTS])),
            warned_at=draw(st.sampled_from([None, *MOMENTS])),
            kept_until=draw(st.sampled_from(PROMISES)),
        )
        taken, claim = held(row, a_claim(number, at=BEGAN), at=BEGAN)
        world.rows[row.id], world.claims[claim.id] = taken, claim
        world.instances[row.id] = an_instance(number)
    return world


def ended_idly(planned: Iterable[act.Action]) -> list[Workspace]:
    """As the planner saw them."""
    releases = [one for one in planned if isinstance(one, act.Release) and one.reason.code is ReasonCode.IDLE]
    return [release.workspace for release in releases if release.workspace is not None]


def idleness_ends_only_what_was_left_alone_and_warned(world: World) -> None:
    """The verdict said once more, in other words: known all the time, not used, told in time, promised no longer."""
    for _ in range(30):
        planned = world.plan()
        for row in ended_idly(planned):
            limit = world.pool.stop_after_idle
            assert limit is not None, "the pool has no limit"
            assert row.entered_at is not None, "another rule ends what nobody entered"
            assert row.warned_at is not None, "without a warning"
            assert row.warned_at + min(timedelta(minutes=10), limit / 3) <= world.now, "warned too late"
            assert row.kept_until is None or row.kept_until <= world.now, "promised longer"
            assert row.last_active_at is None or row.last_active_at + limit <= world.now, "used"
            assert row.observed_at is not None, "never asked"
            assert row.observed_at >= row.warned_at, "nobody knows whether the warning was heeded"
        world.apply(planned)
        world.tick(STEP)
        for row in world.live()[::2]:
            world.observe(row.id)


def use_that_comes_meanwhile_is_in_time(world: World) -> None:
    for _ in range(30):
        planned = world.plan()
        for row in ended_idly(planned):
            world.use(row.id)
        world.apply(planned)
        assert not [reason for _, reason in world.ends if reason.code is ReasonCode.IDLE]
        world.tick(STEP)
        for row in world.live():
            world.observe(row.id)


def what_is_left_alone_ends(world: World) -> None:
    """Sooner or later, if it can be asked; and everybody was warned."""
    if world.pool.stop_after_idle is None:
        return
    for _ in range(80):
        world.apply(world.plan())
        world.tick(STEP)
        for row in world.live():
            world.observe(row.id)
    assert not [row for row in world.live() if row.claim_id is not None]


PROPERTIES = [
    idleness_ends_only_what_was_left_alone_and_warned,
    use_that_comes_meanwhile_is_in_time,
    what_is_left_alone_ends,
]
Property = Callable[[World], None]


@pytest.mark.parametrize("holds", PROPERTIES, ids=lambda property_: property_.__name__)
def test_in_every_world(holds: Property) -> None:
    @settings(max_examples=60, derandomize=True, database=None, deadline=None)
    @given(idling())
    def judge(world: World) -> None:
        holds(world)

    judge()


def seeing(**otherwise: Callable[[Workspace], object]) -> Callable[..., list[act.Release | act.Warn]]:
    """A cull that takes something in the rows for something else."""

    def mistaken(view: View, policy: Pool, now: datetime) -> list[act.Release | act.Warn]:
        rows = {row.id: row for row in view.workspaces}
        seen = tuple(
            replace(row, **{name: see(row) for name, see in otherwise.items()})  # type: ignore[arg-type]
            for row in view.workspaces
        )
        culled = cull(replace(view, workspaces=seen), policy, now)
        return [replace(action, workspace=rows[action.workspace.id]) for action in culled if action.workspace]

    return mistaken


def at_once(*_: Any) -> Stop:
    return Stop("nobody likes it")


def never(*_: Any) -> list[act.Action]:
    return []


BUGS: list[tuple[Property, str, Any]] = [
    (idleness_ends_only_what_was_left_alone_and_warned, "carrel.rules.cull.verdict", at_once),
    (
        idleness_ends_only_what_was_left_alone_and_warned,
        "carrel.rules.plan.cull",
        seeing(kept_until=lambda _: None),
    ),
    (
        idleness_ends_only_what_was_left_alone_and_warned,
        "carrel.rules.plan.cull",
        seeing(last_active_at=lambda _: None),
    ),
    (
        idleness_ends_only_what_was_left_alone_and_warned,
        "carrel.rules.plan.cull",
        seeing(observed_at=lambda row: row.observed_at and NOON + timedelta(days=1)),
    ),
    (
        idleness_ends_only_what_was_left_alone_and_warned,
        "carrel.rules.verdict.warning",
        lambda _limit: timedelta(0),
    ),
    (use_that_comes_meanwhile_is_in_time, "carrel.testing.worlds.World._is_unchanged", lambda *_: True),
    (what_is_left_alone_ends, "carrel.rules.plan.cull", never),
]


@pytest.mark.parametrize(
    ("holds", "where", "bug"), BUGS, ids=[f"{holds.__name__}-{n}" for n, (holds, _, _) in enumerate(BUGS)]
)
def test_the_property_notices_a_bug(
    holds: Property, where: str, bug: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(where, bug)

    @settings(
        max_examples=300,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Stage.generate],
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(idling())
    def judge(world: World) -> None:
        holds(world)

    with pytest.raises(AssertionError):
        judge()
