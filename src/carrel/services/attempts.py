"""Slows down guessing: so many failed attempts per key, then one now and then. Bounded in memory, whatever strangers send."""

from collections import OrderedDict
from dataclasses import dataclass

MOST_KEYS = 10_000
"""The key that was quiet for longest is forgotten first."""


@dataclass(frozen=True, slots=True)
class Rate:
    burst: int
    """So many attempts at once …"""
    every: float
    """… and then one in so many seconds."""


@dataclass(slots=True)
class _Bucket:
    used: float
    at: float


class Attempts:
    """Counts attempts that are under way or failed; those that succeed are given back."""

    def __init__(self, most_keys: int = MOST_KEYS) -> None:
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()
        self._most_keys = most_keys

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, key: str, rate: Rate, now: float) -> float:
        """0.0 if the attempt may be made now, and it is counted; otherwise the seconds to wait. `now` is monotonic."""
        bucket = self._buckets.get(key) or _Bucket(0.0, now)
        bucket.used = max(0.0, bucket.used - (now - bucket.at) / rate.every)
        bucket.at = now
        self._keep(key, bucket)
        if bucket.used + 1 > rate.burst:
            return (bucket.used + 1 - rate.burst) * rate.every
        bucket.used += 1
        return 0.0

    def give_back(self, key: str) -> None:
        bucket = self._buckets.get(key)
        if bucket is not None:
            bucket.used = max(0.0, bucket.used - 1)

    def _keep(self, key: str, bucket: _Bucket) -> None:
        self._buckets[key] = bucket
        self._buckets.move_to_end(key)
        while len(self._buckets) > self._most_keys:
            self._buckets.popitem(last=False)
