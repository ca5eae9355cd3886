"""Quiet hours: the time of day in which whoever runs past a pool's max_age may be stopped, so that nobody is cut off in the working day."""

import re
from dataclasses import dataclass
from datetime import time
from typing import Final

EXAMPLES: Final = 'quiet hours such as "22:00-06:00" or "22:00-06:00 Europe/Berlin"'

_FORM: Final = re.compile(
    r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])(?: ([A-Za-z][A-Za-z0-9_+/-]{0,60}))?"
)


@dataclass(frozen=True, slots=True)
class QuietHours:
    begin: time
    end: time
    """Before `begin`: the hours go over midnight."""
    zone: str = "UTC"
    """A name of the time zone database."""

    def __str__(self) -> str:
        return f"{self.begin:%H:%M}-{self.end:%H:%M} {self.zone}"


def parse_quiet_hours(text: str, zone: str = "UTC") -> QuietHours:
    """`zone` is of those that name none. Raises ValueError; its text says what was expected."""
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"expected {EXAMPLES}")
    begin, end = time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))
    if begin == end:
        raise ValueError("expected quiet hours that begin and end at different times")
    return QuietHours(begin, end, found[5] or zone)
