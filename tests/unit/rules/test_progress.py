"""How far a start has come: said in one sentence, read again from it, and not said anew for every per cent."""

import pytest

from carrel.domain.event import Event
from carrel.domain.instance import Progress
from carrel.rules.progress import is_worth_saying, read, said
from carrel.testing.worlds import NOON

FETCHES = "The image lab:1 is being fetched."


@pytest.mark.parametrize(
    ("fraction", "sentence"),
    [
        (0.4, "The image lab:1 is being fetched: 40 %."),
        (0.0, "The image lab:1 is being fetched: 0 %."),
        (1.7, "The image lab:1 is being fetched: 100 %."),
        (None, FETCHES),
    ],
)
def test_it_is_said_with_its_figure_and_read_again(fraction: float | None, sentence: str) -> None:
    told = said(Progress(FETCHES, fraction))
    assert told == sentence
    again = read(Event(1, NOON, "progress", told))
    assert again == Progress(told, None if fraction is None else min(1.0, fraction))


def test_another_line_is_no_progress() -> None:
    assert read(Event(1, NOON, "ready", "The image lab:1 is being fetched: 40 %.")) is None
    assert read(None) is None


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (None, 0.0, True),
        (0.40, 0.44, False),
        (0.40, 0.45, True),
        (0.40, 0.30, True),
        (0.98, 1.0, True),
        (1.0, 1.0, False),
        (None, None, False),
    ],
)
def test_it_is_worth_saying_when_it_moved(before: float | None, now: float | None, expected: bool) -> None:
    assert is_worth_saying(Progress(FETCHES, before), Progress(FETCHES, now)) is expected


def test_the_first_and_another_sentence_are_worth_saying() -> None:
    assert is_worth_saying(None, Progress(FETCHES))
    assert is_worth_saying(Progress(FETCHES), Progress("The container is being made."))
