"""How full a pool was at one moment, for a plot over time. Counts nothing by itself."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from carrel.domain.ids import PoolName


@dataclass(frozen=True, slots=True)
class Sample:
    """Several joined to one tell the fullest moment: the fewest ready, the most of the others, all failures."""

    pool: PoolName
    at: datetime
    ready: int
    """Warm: ready and unclaimed."""
    starting: int
    claimed: int
    waiting: int
    """Claims in the queue."""
    failed: int
    """Starts that failed since the sample before."""


class Span(StrEnum):
    """How far back a plot looks."""

    HOURS = "3h"
    DAY = "24h"
    WEEK = "7d"

    @property
    def length(self) -> timedelta:
        return {"3h": timedelta(hours=3), "24h": timedelta(hours=24), "7d": timedelta(days=7)}[self.value]
