"""Columns are left out where a terminal has no room for them; none is ever cut."""

from rich.text import Text

from carrel.cli.table import Column, fitting, needed

COLUMNS = (Column("id"), Column("pool", 2), Column("made", 1), Column("reason", folds=True))
ROWS = [[Text("a" * 16), Text("jupyterlab"), Text("5 min ago"), Text("word " * 40)]]


def test_all_are_shown_where_there_is_room() -> None:
    assert fitting(COLUMNS, ROWS, 80) == [0, 1, 2, 3]


def test_the_highest_rank_goes_first_and_rank_0_stays() -> None:
    assert fitting(COLUMNS, ROWS, 60) == [0, 2, 3]
    assert fitting(COLUMNS, ROWS, 50) == [0, 3]
    assert fitting(COLUMNS, ROWS, 10) == [0, 3]


def test_running_text_needs_no_more_than_a_readable_line() -> None:
    assert needed(COLUMNS[3:], [[Text("word " * 40)]]) < 40
    assert needed(COLUMNS[3:], [[Text("short")]]) == len("reason") + 2
