"""What the planner counts."""

from datetime import timedelta

import pytest

from carrel.domain.reason import Reason, ReasonCode
from carrel.domain.workspace import Desired, Phase
from carrel.rules.actions import Destroy, Release
from carrel.rules.view import SETTLE, View
from carrel.testing.worlds import NOON, a_claim, a_workspace, held, workspace_id

WHY = Reason(ReasonCode.RELEASED, "It was given back.")


@pytest.mark.parametrize(
    ("phase", "is_claimed", "desired", "counts_as"),
    [
        (Phase.PENDING, False, Desired.RUNNING, "coming"),
        (Phase.STARTING, False, Desired.RUNNING, "coming"),
        (Phase.READY, False, Desired.RUNNING, "warm"),
        (Phase.DRAINING, False, Desired.RUNNING, None),
        (Phase.STARTING, True, Desired.RUNNING, "held"),
        (Phase.READY, True, Desired.RUNNING, "held"),
        (Phase.DRAINING, True, Desired.RUNNING, "held"),
        (Phase.READY, True, Desired.GONE, "ending"),
        (Phase.READY, False, Desired.GONE, "ending"),
        (Phase.FAILED, True, Desired.RUNNING, "ending"),
        (Phase.STOPPING, False, Desired.GONE, "ending"),
    ],
)
def test_a_workspace_counts_as_one_thing(
    phase: Phase, is_claimed: bool, desired: Desired, counts_as: str | None
) -> None:
    row = a_workspace(phase=phase, desired=desired)
    row = held(row, a_claim())[0] if is_claimed else row
    view = View(NOON, workspaces=(row,))

    kinds = [kind for kind in ("warm", "coming", "held", "ending") if getattr(view, kind)]
    assert kinds == ([counts_as] if counts_as else [])


def test_after_its_actions_a_view_counts_what_they_end_as_ending() -> None:
    row, claim = held(a_workspace(1), a_claim(1))
    view = View(NOON, workspaces=(row, a_workspace(2), a_workspace(3)), claims=(claim, a_claim(2)))

    left = view.after([Release(claim, WHY, row), Destroy(a_workspace(2), WHY)])

    assert [one.id for one in left.ending] == [workspace_id(1), workspace_id(2)]
    assert [one.id for one in left.warm] == [workspace_id(3)]
    assert left.held == []
    assert left.claims == (a_claim(2),)


def test_a_list_is_believed_about_what_was_settled_before_it() -> None:
    view = View(NOON)

    assert not view.is_settled(NOON - SETTLE)
    assert view.is_settled(NOON - SETTLE - timedelta(seconds=1))
    assert not view.is_settled(NOON + timedelta(days=1))
