"""One story out of two timelines."""

from datetime import timedelta

from carrel.domain.event import Event
from carrel.rules.chronicle import chronicle, in_order, visits
from carrel.testing.worlds import NOON


def at(seconds: float, kind: str, seq: int = 1, sentence: str = "") -> Event:
    return Event(seq, NOON + timedelta(seconds=seconds), kind, sentence or kind)


def test_what_stands_in_both_is_told_once_and_in_order() -> None:
    claims = [at(0, "waiting"), at(9, "assigned", 2)]
    workspaces = [at(2, "starting"), at(8, "ready", 2), at(9, "assigned", 7)]
    assert [event.kind for event in in_order([*claims, *workspaces])] == [
        "waiting",
        "starting",
        "ready",
        "assigned",
    ]


def test_a_step_says_how_long_it_took_and_nothing_else_does() -> None:
    lines = chronicle(
        [
            at(0, "pending"),
            at(0.5, "starting", 2),
            at(4, "ready", 3),
            at(9000, "assigned", 4),
            at(9001, "attached", 5),
            at(9002, "entered", 6),
            at(9500, "stopping", 7),
            at(9503, "gone", 8),
        ]
    )
    took = {line.kind: line.took.total_seconds() for line in lines if line.took is not None}
    assert took == {"starting": 0.5, "ready": 3.5, "attached": 1.0, "gone": 3.0}


def test_a_second_start_is_measured_from_its_own_beginning() -> None:
    lines = chronicle([at(0, "starting"), at(3, "ready", 2), at(100, "starting", 3), at(105, "ready", 4)])
    assert [line.took for line in lines] == [None, timedelta(seconds=3), None, timedelta(seconds=5)]


def test_the_same_sentence_is_not_told_twice_in_a_row() -> None:
    lines = chronicle(
        [
            at(0, "failed", 1, "It crashed."),
            at(1, "released", 2, "It crashed."),
            at(2, "gone", 3, "It is gone."),
        ]
    )
    assert [line.kind for line in lines] == ["failed", "gone"]


def test_visits_are_the_newest_first() -> None:
    found = visits([at(0, "ready"), at(1, "entered", 2), at(5, "visited", 3)])
    assert [event.kind for event in found] == ["visited", "entered"]
