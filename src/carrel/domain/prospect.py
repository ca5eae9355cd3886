"""What lies ahead of a held workspace if nobody uses it from now on: when it stops, and why."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Stop:
    at: datetime
    because: str
    """Goes on from "Stops at …, "."""
    announced_at: datetime | None = field(default=None, compare=False)
    """From when on its person is told of it in a way that they notice; None where they never are."""

    def is_near(self, now: datetime) -> bool:
        return self.announced_at is not None and now >= self.announced_at


@dataclass(frozen=True, slots=True)
class Prospect:
    stop: Stop | None
    """The first of what may end it."""
    idle_since: datetime | None = None
    """The last sign of its person; None until they went in."""
    blind: str | None = None
    """A sentence, where it is not stopped only because it cannot be told whether it is used."""
