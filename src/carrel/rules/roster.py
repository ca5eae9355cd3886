"""A pasted list of people, one a line: what they sign in with, then, if wanted, how they are called. As it comes from a spreadsheet."""

from dataclasses import dataclass
from typing import Final

from carrel.domain.errors import Invalid
from carrel.rules.credentials import person_display_name, person_name

_BETWEEN: Final = ("\t", ";", ",")
"""The first of these that a line holds parts it."""


@dataclass(frozen=True, slots=True)
class Line:
    name: str
    display_name: str | None


def read(text: str) -> list[Line]:
    """Empty lines count for nothing. Raises Invalid naming every line that cannot be."""
    found, wrong = [], []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            found.append(_line(line))
        except Invalid as error:
            wrong.append(f"Line {number}: {error.sentence}")
    if wrong:
        raise Invalid(" ".join(wrong[:5]))
    if not found:
        raise Invalid("There is no name in the list. Write one a line.")
    return found


def _line(line: str) -> Line:
    mark = next((mark for mark in _BETWEEN if mark in line), None)
    name, _, called = line.partition(mark) if mark else (line, "", "")
    called = called.strip().strip('"')
    return Line(person_name(name.strip().strip('"')), person_display_name(called) if called else None)
