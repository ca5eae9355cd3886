"""What apps say of their own use, as they say it, and what is made of it."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from carrel.domain.activity import Evidence, NotSeen, Seen, Unknown
from carrel.rules import testimony
from carrel.testing.worlds import NOON

HEALTH = """active-sessions: {sessions}
idle-seconds: {idle}
cpu-percent: 0.0
memory-percent: 64.2
swap-percent: 0.0
load-average: 4.1
"""


def kernel(state: str = "idle", **ago: float) -> dict[str, Any]:
    at = NOON - timedelta(**ago)
    return {
        "id": "b1",
        "name": "python3",
        "execution_state": state,
        "last_activity": said(at),
        "connections": 1,
    }


def terminal(**ago: float) -> dict[str, Any]:
    return {"name": "1", "last_activity": said(NOON - timedelta(**ago))}


def said(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@pytest.mark.parametrize(
    ("kernels", "terminals", "made_of_it"),
    [
        ([], [], NotSeen()),
        ([kernel("busy", hours=5)], [], Seen(NOON, "a kernel is computing")),
        ([kernel(minutes=1), kernel("busy")], [terminal()], Seen(NOON, "a kernel is computing")),
        ([kernel(hours=2)], [], Seen(NOON - timedelta(hours=2), "a kernel computed")),
        ([kernel("starting", hours=2)], [], Seen(NOON - timedelta(hours=2), "a kernel computed")),
        ([kernel(hours=2), kernel(hours=1)], [], Seen(NOON - timedelta(hours=1), "a kernel computed")),
        ([kernel(hours=2)], [terminal(minutes=4)], Seen(NOON - timedelta(minutes=4), "a terminal was used")),
        ([], [terminal(minutes=4)], Seen(NOON - timedelta(minutes=4), "a terminal was used")),
        ([kernel(hours=-3)], [], Seen(NOON, "a kernel computed")),
    ],
)
def test_jupyter(kernels: list[Any], terminals: list[Any], made_of_it: Evidence) -> None:
    assert testimony.jupyter(kernels, terminals, NOON) == made_of_it


def test_a_moment_without_a_zone_is_utc() -> None:
    bare = {"execution_state": "idle", "last_activity": "2026-03-02T11:00:00"}
    assert testimony.jupyter([bare], [], NOON) == Seen(NOON - timedelta(hours=1), "a kernel computed")


@pytest.mark.parametrize(
    "answer",
    [
        None,
        "kernels",
        {"kernels": []},
        [1],
        [{}],
        [{"last_activity": None}],
        [{"last_activity": "yesterday"}],
        [{"last_activity": "0001-01-01T00:00:00+23:59"}],
    ],
)
def test_an_answer_that_is_not_understood_is_no_idleness(answer: object) -> None:
    assert isinstance(testimony.jupyter(answer, [], NOON), Unknown)
    assert isinstance(testimony.jupyter([], answer, NOON), Unknown)


@pytest.mark.parametrize(
    ("health", "made_of_it"),
    [
        (HEALTH.format(sessions=1, idle=0), Seen(NOON, "RStudio was used")),
        (HEALTH.format(sessions=2, idle=600), Seen(NOON - timedelta(minutes=10), "RStudio was used")),
        (HEALTH.format(sessions=0, idle=0), NotSeen()),
    ],
)
def test_rstudio(health: str, made_of_it: Evidence) -> None:
    assert testimony.rstudio(health, NOON) == made_of_it


@pytest.mark.parametrize(
    "health", ["", "<html>", "idle-seconds: 5", "active-sessions: 1\nidle-seconds: soon"]
)
def test_another_form_of_the_health_check_is_no_idleness(health: str) -> None:
    assert isinstance(testimony.rstudio(health, NOON), Unknown)


def test_a_command_says_it_by_its_exit_status() -> None:
    assert testimony.command(0, NOON) == Seen(NOON, "its own check says so")
    assert testimony.command(1, NOON) == NotSeen()
    for strange in (2, 127, -9):
        assert isinstance(testimony.command(strange, NOON), Unknown)
