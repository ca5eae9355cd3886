"""A pasted list of people: what a teacher has in a spreadsheet is taken as it is, and what cannot be is named by its line."""

import pytest

from carrel.domain.errors import Invalid
from carrel.rules.roster import Line, read


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ada", [Line("ada", None)]),
        ("  Ada \n\n GRACE\n", [Line("ada", None), Line("grace", None)]),
        ("ada, Ada Lovelace", [Line("ada", "Ada Lovelace")]),
        ("ada;Lovelace, Ada", [Line("ada", "Lovelace, Ada")]),
        ("ada\tAda L.\r\nbob\t", [Line("ada", "Ada L."), Line("bob", None)]),
        ('"ada@example.org","Ada, Lady L."', [Line("ada@example.org", "Ada, Lady L.")]),
    ],
)
def test_a_list_is_read_as_people_write_it(text: str, expected: list[Line]) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "no name in the list"),
        ("\n  \n", "no name in the list"),
        ("ada\n,Nobody\nbob", "Line 2"),
        ("ada\n" + "x" * 101, "Line 2"),
        ("ada, " + "x" * 201, "Line 1"),
        ("a\x00da", "Line 1"),
    ],
)
def test_what_cannot_be_is_named_by_its_line(text: str, named: str) -> None:
    with pytest.raises(Invalid, match=named):
        read(text)
