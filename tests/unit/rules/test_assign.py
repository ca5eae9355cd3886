"""Decision tables of assign and attach."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from carrel.domain.workspace import Desired, Phase, Workspace
from carrel.rules.actions import Assign, Attach
from carrel.rules.assign import assign, attach
from carrel.rules.view import View
from carrel.testing.worlds import NOON, a_claim, a_pool, a_workspace, held, workspace_id

EARLIER = NOON - timedelta(seconds=10)


@pytest.mark.parametrize(
    ("rows", "waiting", "in_flight", "expected"),
    [
        ((a_workspace(),), True, set(), True),
        ((a_workspace(),), False, set(), False),
        ((), True, set(), False),
        ((a_workspace(phase=Phase.STARTING),), True, set(), False),
        ((a_workspace(phase=Phase.DRAINING),), True, set(), False),
        ((a_workspace(desired=Desired.GONE),), True, set(), False),
        ((held(a_workspace(), a_claim(9))[0],), True, set(), False),
        ((a_workspace(),), True, {workspace_id(1)}, False),
        ((a_workspace(), a_workspace(2)), True, {workspace_id(1)}, True),
    ],
)
def test_the_warm_go_to_those_who_wait(
    rows: tuple[Workspace, ...], waiting: bool, in_flight: set[Any], expected: bool
) -> None:
    claims = (a_claim(),) if waiting else ()
    view = View(NOON, workspaces=rows, claims=claims, in_flight=frozenset(in_flight))

    assert assign(view, a_pool(paused=True)) == [Assign(a_pool().name)] * expected


@pytest.mark.parametrize(
    ("phase", "attached_at", "desired", "expected"),
    [
        (Phase.READY, None, Desired.RUNNING, True),
        (Phase.READY, NOON, Desired.RUNNING, False),
        (Phase.READY, None, Desired.GONE, False),
        (Phase.STARTING, None, Desired.RUNNING, False),
        (Phase.STOPPING, None, Desired.GONE, False),
    ],
)
def test_a_held_workspace_without_its_home_is_handed_over(
    phase: Phase, attached_at: datetime | None, desired: Desired, expected: bool
) -> None:
    row, claim = held(
        a_workspace(phase=phase, attached_at=attached_at, desired=desired), a_claim(), at=EARLIER
    )

    assert attach(View(NOON, workspaces=(row,), claims=(claim,))) == [Attach(row, claim)] * expected


def test_a_home_is_never_brought_where_row_and_claim_disagree() -> None:
    row, claim = held(a_workspace(1), a_claim(), at=EARLIER)
    other, _ = held(a_workspace(2), claim, at=EARLIER)

    assert attach(View(NOON, workspaces=(other,), claims=(claim,))) == []
    assert attach(View(NOON, workspaces=(row, other), claims=(claim,))) == [Attach(row, claim)]


def test_files_that_are_still_in_another_workspace_are_not_brought_in_before_they_are_out() -> None:
    row, claim = held(a_workspace(), a_claim(), at=EARLIER)
    view = View(NOON, workspaces=(row,), claims=(claim,), homes_elsewhere=frozenset({claim.id}))

    assert attach(view) == []
    assert attach(replace(view, homes_elsewhere=frozenset())) == [Attach(row, claim)]


@pytest.mark.parametrize(("ago", "expected"), [(0.0, False), (1.0, False), (1.1, True), (-3600.0, True)])
def test_what_was_assigned_this_second_is_being_handed_over_already(ago: float, expected: bool) -> None:
    row, claim = held(a_workspace(), a_claim(), at=NOON - timedelta(seconds=ago))

    assert attach(View(NOON, workspaces=(row,), claims=(claim,))) == [Attach(row, claim)] * expected
