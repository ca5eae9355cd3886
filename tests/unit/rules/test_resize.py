"""Decision tables of resize: how many to start, and which are too many."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from carrel.domain.reason import ReasonCode
from carrel.domain.workspace import Phase, Workspace
from carrel.rules.actions import Destroy, Start
from carrel.rules.resize import resize
from carrel.rules.view import View
from carrel.testing.worlds import NOON, a_claim, a_pool, a_template, a_workspace, held, workspace_id


def a_view(*rows: Workspace, waiting: int = 0, **seen: Any) -> View:
    claims = tuple(a_claim(100 + number) for number in range(waiting))
    return View(**{"listed_at": NOON, "template": a_template(), "workspaces": rows, "claims": claims, **seen})


def some(ready: int = 0, coming: int = 0, claimed: int = 0, ending: int = 0) -> tuple[Workspace, ...]:
    phases = [*[Phase.READY] * (ready + claimed), *[Phase.STARTING] * coming, *[Phase.STOPPING] * ending]
    rows = [a_workspace(number, phase) for number, phase in enumerate(phases, start=1)]
    for at in range(ready, ready + claimed):
        rows[at], _ = held(rows[at], a_claim(at))
    return tuple(rows)


@pytest.mark.parametrize(
    ("rows", "waiting", "policy", "starts"),
    [
        (some(), 0, {"warm": 2}, 2),
        (some(), 0, {"warm": 0}, 0),
        (some(ready=1), 0, {"warm": 2}, 1),
        (some(coming=2), 0, {"warm": 2}, 0),
        (some(claimed=2), 0, {"warm": 2}, 2),
        (some(), 3, {"warm": 0}, 3),
        (some(ready=2), 2, {"warm": 2}, 2),
        (some(coming=3), 3, {"warm": 2}, 2),
        # Refill is limited, people come on top of it.
        (some(), 0, {"warm": 8, "starting_at_once": 3}, 3),
        (some(coming=2), 0, {"warm": 8, "starting_at_once": 3}, 1),
        (some(), 4, {"warm": 8, "starting_at_once": 3, "limit": 20}, 7),
        (some(coming=4), 4, {"warm": 8, "starting_at_once": 3, "limit": 20}, 3),
        (some(coming=7), 4, {"warm": 8, "starting_at_once": 3, "limit": 20}, 0),
        # Never past the limit; what is ending counts until it is gone.
        (some(claimed=3), 5, {"warm": 2, "limit": 4}, 1),
        (some(claimed=3, ending=1), 5, {"warm": 2, "limit": 4}, 0),
        (some(claimed=5), 5, {"warm": 2, "limit": 4}, 0),
        (some(), 5, {"warm": 2, "limit": 0}, 0),
        # Paused: nothing starts, for nobody.
        (some(), 5, {"warm": 2, "paused": True}, 0),
    ],
)
def test_how_many_start(
    rows: tuple[Workspace, ...], waiting: int, policy: dict[str, Any], starts: int
) -> None:
    planned = resize(a_view(*rows, waiting=waiting), a_pool(**policy), NOON)

    assert planned == [Start(a_pool().name, a_template().name, "v1")] * starts


@pytest.mark.parametrize(
    ("failures", "coming", "waiting", "starts"),
    [
        ([timedelta(seconds=1)], 0, 0, 0),
        ([timedelta(seconds=2)], 0, 0, 4),
        ([timedelta(seconds=3)] * 2, 0, 0, 0),
        ([timedelta(seconds=4)] * 2, 0, 0, 4),
        # From the third in a row on, one try at a time.
        ([timedelta(seconds=8)] * 3, 0, 0, 1),
        ([timedelta(seconds=8)] * 3, 1, 0, 0),
        # The delay is longest where nobody waits.
        ([timedelta(seconds=60)] * 16, 0, 0, 0),
        ([timedelta(minutes=5)] * 16, 0, 0, 1),
        ([timedelta(seconds=59)] * 16, 0, 3, 0),
        ([timedelta(seconds=60)] * 16, 0, 3, 1),
        # A failure that lies in the future (the clock was set back) holds nobody up.
        ([timedelta(days=-1)], 0, 0, 4),
    ],
)
def test_a_broken_template_does_not_start_for_ever_at_full_speed(
    failures: list[timedelta], coming: int, waiting: int, starts: int
) -> None:
    view = a_view(
        *some(coming=coming), waiting=waiting, recent_failures=tuple(NOON - age for age in failures)
    )

    assert len(resize(view, a_pool(warm=4), NOON)) == starts


def test_without_a_template_nothing_starts() -> None:
    assert resize(a_view(template=None, waiting=2), a_pool(warm=2), NOON) == []


@pytest.mark.parametrize(
    ("rows", "waiting", "policy", "surplus"),
    [
        (some(ready=3), 0, {"warm": 3}, 0),
        (some(ready=3), 0, {"warm": 1}, 2),
        (some(ready=3), 2, {"warm": 1}, 0),
        (some(ready=2, coming=2), 0, {"warm": 3}, 1),
        (some(claimed=5), 0, {"warm": 0}, 0),
        (some(claimed=3, ready=2), 0, {"warm": 2, "limit": 4}, 1),
        (some(claimed=5, ready=2), 0, {"warm": 2, "limit": 4}, 2),
        (some(ready=2), 0, {"warm": 0, "paused": True}, 2),
    ],
)
def test_how_many_are_too_many(
    rows: tuple[Workspace, ...], waiting: int, policy: dict[str, Any], surplus: int
) -> None:
    planned = resize(a_view(*rows, waiting=waiting), a_pool(**policy), NOON)

    assert [type(action) for action in planned] == [Destroy] * surplus
    assert all(isinstance(a, Destroy) and a.reason.code is ReasonCode.SURPLUS for a in planned)
    assert all(isinstance(a, Destroy) and a.workspace.claim_id is None for a in planned)


def test_the_furthest_from_ready_goes_first_then_the_overdue_then_the_oldest() -> None:
    rows = (
        a_workspace(1, Phase.READY, at=NOON - timedelta(hours=3)),
        a_workspace(2, Phase.READY, at=NOON - timedelta(hours=2)),
        a_workspace(3, Phase.READY, at=NOON - timedelta(hours=1), template_version="v0"),
        a_workspace(4, Phase.STARTING, at=NOON - timedelta(minutes=2)),
        a_workspace(5, Phase.STARTING, at=NOON - timedelta(minutes=1)),
        a_workspace(6, Phase.PENDING, at=NOON),
    )

    planned = resize(a_view(*rows), a_pool(warm=0), NOON)

    order = [action.workspace.id for action in planned if isinstance(action, Destroy)]
    assert order == [workspace_id(number) for number in (6, 5, 4, 3, 1, 2)]


def test_one_on_its_way_out_does_not_take_another_one_with_it() -> None:
    """The row of workspace 1 still says ready, its destruction is being applied."""
    view = a_view(*some(ready=3), in_flight=frozenset({workspace_id(1)}))

    assert resize(view, a_pool(warm=2), NOON) == []


def test_while_an_outdated_one_is_replaced_there_is_one_more() -> None:
    rows = tuple(replace(row, template_version="v0") for row in some(ready=2))

    assert resize(a_view(*rows), a_pool(warm=2), NOON) == [Start(a_pool().name, a_template().name, "v1")]
    assert resize(a_view(*rows), a_pool(warm=2, limit=2), NOON) == []
