"""Numbers as people say them."""

from datetime import UTC, datetime, timedelta

import pytest

from carrel.web.pages.words import about, ago

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "just now"),
        (-44, "just now"),
        (44, "in a moment"),
        (-45, "1 minute ago"),
        (89, "in 1 minute"),
        (-90 * 60, "90 minutes ago"),
        (-91 * 60, "2 hours ago"),
        (36 * 3600, "in 36 hours"),
        (-37 * 3600, "2 days ago"),
        (-400 * 86_400, "400 days ago"),
    ],
)
def test_how_long_ago_is_said_in_the_largest_unit_that_is_not_vague(seconds: int, words: str) -> None:
    assert ago(NOW + timedelta(seconds=seconds), NOW) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (2, "a few seconds"),
        (41.3, "about 40 seconds"),
        (58, "about a minute"),
        (140, "about 2 minutes"),
        (9000, "about 2 hours"),
    ],
)
def test_a_duration_is_said_roughly(seconds: float, words: str) -> None:
    assert about(timedelta(seconds=seconds)) == words


def test_a_duration_that_nobody_knows_is_a_while() -> None:
    assert about(None) == "a while"
