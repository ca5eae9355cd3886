"""Numbers and addresses as people read them."""

from datetime import UTC, datetime, timedelta

import pytest

from carrel.domain.queue import Estimate
from carrel.web.pages.words import about, ago, brief, expected, ordinal, readable, span

NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


def an_estimate(likely: float, high: float) -> Estimate:
    return Estimate(timedelta(0), timedelta(seconds=likely), timedelta(seconds=high))


@pytest.mark.parametrize(
    ("likely", "high", "words"),
    [
        (1, 1, "It will take a few seconds."),
        (2, 4.9, "It will take a few seconds."),
        (3, 11, "It will take a few seconds, rarely more than 10 seconds."),
        (40, 41, "It will take about 40 seconds."),
        (40, 118, "It will take about 40 seconds, rarely more than 2 minutes."),
        (50, 62, "It will take about 50 seconds, rarely more than a minute."),
        (600, 9000, "It will take about 10 minutes, rarely more than 2 hours."),
    ],
)
def test_an_estimate_is_told_with_what_few_waits_exceed(likely: float, high: float, words: str) -> None:
    assert expected(an_estimate(likely, high)) == words


def test_what_nobody_knows_is_told_so() -> None:
    assert expected(None) == "How long it takes is not known."
    assert about(None) == "a while"


def test_an_estimate_may_stand_for_its_likely_time() -> None:
    assert about(an_estimate(40, 100)) == "about 40 seconds"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.3, "under 1 s"),
        (1, "1 s"),
        (59.4, "59 s"),
        (80, "1 min 20 s"),
        (3599.6, "1 h 0 min"),
        (7500, "2 h 5 min"),
    ],
)
def test_what_was_measured_is_told_exactly(seconds: float, words: str) -> None:
    assert span(timedelta(seconds=seconds)) == words


def test_what_was_not_measured_is_not_told() -> None:
    assert span(None) == ""


@pytest.mark.parametrize(
    ("number", "words"),
    [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"), (13, "13th"), (21, "21st"), (113, "113th")],
)  # fmt: skip
def test_places_have_names(number: int, words: str) -> None:
    assert ordinal(number) == words


def test_an_address_is_shown_as_it_was_written() -> None:
    assert readable("lab/tree/%C3%9Cbung%201.ipynb") == "lab/tree/Übung 1.ipynb"
    assert readable("%ff") == "\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize(
    ("seconds", "words", "in_a_column"),
    [
        (0, "just now", "now"),
        (20, "in a moment", "now"),
        (-44, "just now", "now"),
        (-45, "1 minute ago", "1 min ago"),
        (-90 * 60, "90 minutes ago", "90 min ago"),
        (-91 * 60, "2 hours ago", "2 h ago"),
        (-36 * 3600, "36 hours ago", "36 h ago"),
        (-37 * 3600, "2 days ago", "2 d ago"),
        (-100 * 86_400, "100 days ago", "100 d ago"),
        (600, "in 10 minutes", "in 10 min"),
        (7200, "in 2 hours", "in 2 h"),
    ],
)
def test_a_time_is_told_by_its_distance_and_shorter_in_a_column(
    seconds: int, words: str, in_a_column: str
) -> None:
    at = NOW + timedelta(seconds=seconds)
    assert (ago(at, NOW), brief(at, NOW)) == (words, in_a_column)


def test_no_time_is_a_dash_in_a_column() -> None:
    assert brief(None, NOW) == "–"
