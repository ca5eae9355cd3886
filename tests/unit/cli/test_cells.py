"""One value as people read it."""

from datetime import UTC, datetime, timedelta

import pytest

from carrel.cli.cells import Look, age, cell
from carrel.domain.workspace import Phase

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("gap", "told"),
    [
        (timedelta(seconds=-2), "just now"),
        (timedelta(seconds=-40), "40 s ago"),
        (timedelta(minutes=-5, seconds=-50), "5 min ago"),
        (timedelta(hours=-30), "1 d ago"),
        (timedelta(seconds=3), "in a moment"),
        (timedelta(hours=2), "in 2 h"),
        (timedelta(days=-90), "2026-02-03"),
    ],
)
def test_a_time_is_told_as_its_age(gap: timedelta, told: str) -> None:
    assert age(NOW + gap, NOW) == told


def test_people_are_told_by_name_and_the_rest_as_it_is() -> None:
    look = Look(NOW, {"abcdefghijklmnop": "ada"})
    assert cell("abcdefghijklmnop", look).plain == "ada"
    assert cell("bbcdefghijklmnop", look).plain == "bbcdefghijklmnop"
    assert cell(["read", "use"], look).plain == "read, use"
    assert cell(None, look).plain == "–"
    assert cell(True, look).plain == "yes"


def test_one_thing_is_told_with_the_time_and_its_age() -> None:
    told = cell(NOW - timedelta(hours=1), Look(NOW, is_exact=True)).plain
    assert told.endswith("(1 h ago)")
    assert told.startswith("2026-05-04")


def test_phases_differ_in_colour() -> None:
    assert len({str(cell(phase, Look()).style) for phase in (Phase.READY, Phase.STARTING, Phase.FAILED)}) == 3


def test_a_name_does_not_command_the_terminal() -> None:
    assert "\x1b" not in cell("\x1b]0;title\x07", Look()).plain
    assert "\x1b" not in cell("x", Look(names={"x": "\x1b[2J"})).plain
