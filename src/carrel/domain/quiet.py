"""Quiet hours: the time of day in which whoever runs past a pool's max_age may be stopped, so that nobody is cut off in the working day."""

from dataclasses import dataclass
from datetime import time


@dataclass(frozen=True, slots=True)
class QuietHours:
    begin: time
    end: time
    """Before `begin`: the hours go over midnight."""
    zone: str = "UTC"
    """A name of the time zone database."""

    def __str__(self) -> str:
        return f"{self.begin:%H:%M}-{self.end:%H:%M} {self.zone}"
