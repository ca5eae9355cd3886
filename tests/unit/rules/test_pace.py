"""What is remembered of failed starts, and when it is forgotten."""

from datetime import timedelta
from typing import Any

import pytest

from carrel.domain.reason import Reason, ReasonCode
from carrel.domain.workspace import Phase, Workspace
from carrel.rules.actions import Fail
from carrel.rules.pace import PEOPLE_WAIT_AT_MOST, REFILL_WAITS_AT_MOST, REMEMBERED, delay, remember
from carrel.rules.view import View
from carrel.testing.worlds import NOON, World, a_pool, a_template, a_workspace

CRASHED = Reason(ReasonCode.CRASHED, "It ended.")
MINUTE = timedelta(minutes=1)


def test_the_delay_doubles_up_to_its_longest() -> None:
    delays = [delay(failures, PEOPLE_WAIT_AT_MOST).total_seconds() for failures in range(8)]

    assert delays == [0, 2, 4, 8, 16, 32, 60, 60]
    assert delay(10_000, REFILL_WAITS_AT_MOST) == REFILL_WAITS_AT_MOST


@pytest.mark.parametrize(
    ("row", "counts"),
    [
        (a_workspace(phase=Phase.STARTING), True),
        (a_workspace(phase=Phase.READY, ready_at=NOON - timedelta(seconds=29)), True),
        (a_workspace(phase=Phase.READY, ready_at=NOON - timedelta(seconds=30)), False),
        (a_workspace(phase=Phase.STARTING, template_version="v0"), False),
    ],
)
def test_only_what_never_came_up_or_fell_at_once_is_a_failed_start(row: Workspace, counts: bool) -> None:
    view = View(NOON, template=a_template(), workspaces=(row,))

    assert remember(view, [Fail(row, CRASHED)], NOON) == ((NOON,) if counts else ())


@pytest.mark.parametrize(
    ("proof", "kept"),
    [
        ({"ready_at": NOON - MINUTE}, 0),
        ({"ready_at": NOON - timedelta(seconds=29)}, 1),
        ({"ready_at": NOON - 3 * MINUTE}, 1),
        ({"phase": Phase.FAILED, "ready_at": NOON - MINUTE}, 1),
    ],
)
def test_a_workspace_that_stays_up_proves_the_template(proof: dict[str, Any], kept: int) -> None:
    """The failure is two minutes old."""
    view = View(NOON, workspaces=(a_workspace(**proof),), recent_failures=(NOON - 2 * MINUTE,))

    assert len(remember(view, [], NOON)) == kept


def test_an_engine_that_was_restarted_holds_no_next_start_up() -> None:
    row = a_workspace(phase=Phase.STARTING)
    view = View(NOON, template=a_template(), workspaces=(row,))
    ended = Reason(ReasonCode.ENGINE_RESTARTED, "The engine was restarted.")

    assert remember(view, [Fail(row, ended)], NOON) == ()


def test_the_memory_is_short() -> None:
    view = View(NOON, recent_failures=tuple(NOON for _ in range(100)))

    assert len(remember(view, [], NOON)) == REMEMBERED


def test_a_broken_template_is_tried_once_a_minute_for_somebody_who_waits_and_works_again_when_repaired() -> (
    None
):
    world = World(a_pool(warm=0), broken_version="v1")
    claim = world.claim()
    for _ in range(600):
        world.apply(world.plan())
        world.tick(timedelta(seconds=1))
    assert 8 <= len(world.rows) <= 16

    world.broken_version = None
    for _ in range(70):
        world.apply(world.plan())
        world.tick(timedelta(seconds=1))

    assert world.claims[claim].workspace_id is not None
