"""How full a pool was at one moment, for a plot over time. Counts nothing by itself."""

from dataclasses import dataclass
from datetime import datetime

from carrel.domain.ids import PoolName


@dataclass(frozen=True, slots=True)
class Sample:
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
