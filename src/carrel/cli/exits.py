"""Which exit status says what. `EXITS` is the only place that knows; scripts rely on it, so numbers never change their meaning."""

from collections.abc import Mapping
from typing import Final

from carrel.domain.errors import CarrelError

EXITS: Final[Mapping[str, int]] = {
    "internal": 1,
    "invalid": 2,
    "unauthenticated": 3,
    "forbidden": 4,
    "not_found": 5,
    "conflict": 6,
    "exhausted": 7,
    "unavailable": 8,
}
"""0 is success. 2 is also what a wrong option or argument ends with."""

UNWELL: Final = 9
"""`carrel doctor` looked and found something bad: the command itself went well."""


def exit_of(error: CarrelError) -> int:
    return EXITS.get(error.code, 1)
