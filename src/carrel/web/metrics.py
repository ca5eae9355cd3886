"""What Prometheus is told. Counters are of this process; gauges are asked of the store when somebody scrapes."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from carrel.domain.errors import CarrelError
from carrel.ports.clock import Clock
from carrel.services.pools import PoolView

MEDIA_TYPE: Final = CONTENT_TYPE_LATEST
_STATES: Final = ("ready", "starting", "claimed", "stopping", "failed")
_CLAIM_BUCKETS: Final = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


@dataclass
class Attempt:
    """One try to claim; whoever makes it says how it ended. A pool is named only once it is known to exist."""

    pool: str = ""
    outcome: str = "internal"


class Metrics:
    """One registry of its own, so that two hubs in one process do not share counts."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.registry = registry = CollectorRegistry()
        self.requests = Counter(
            "carrel_http_requests", "Requests answered.", ("method", "route", "status"), registry=registry
        )
        self.claims = Counter(
            "carrel_claims", "Claims asked for: how that ended.", ("pool", "outcome"), registry=registry
        )
        self.claim_seconds = Histogram(
            "carrel_claim_seconds",
            "From the request for a claim to its answer.",
            ("outcome",),
            buckets=_CLAIM_BUCKETS,
            registry=registry,
        )
        self._workspaces = Gauge(
            "carrel_workspaces", "Live workspaces; ready means warm.", ("pool", "state"), registry=registry
        )
        self._waiting = Gauge("carrel_claims_waiting", "Claims that wait.", ("pool",), registry=registry)
        self._warm = Gauge("carrel_pool_warm", "Warm workspaces wanted.", ("pool",), registry=registry)
        self._limit = Gauge("carrel_pool_limit", "Live workspaces allowed.", ("pool",), registry=registry)

    @contextmanager
    def claiming(self) -> Iterator[Attempt]:
        attempt, began = Attempt(), self._clock.monotonic()
        try:
            yield attempt
        except CarrelError as error:
            attempt.outcome = error.code
            raise
        finally:
            self.claims.labels(attempt.pool, attempt.outcome).inc()
            self.claim_seconds.labels(attempt.outcome).observe(self._clock.monotonic() - began)

    def exposition(self, pools: Sequence[PoolView]) -> bytes:
        for gauge in (self._workspaces, self._waiting, self._warm, self._limit):
            gauge.clear()
        for view in pools:
            name = view.pool.name
            for state in _STATES:
                self._workspaces.labels(name, state).set(getattr(view.counts, state))
            self._waiting.labels(name).set(view.counts.waiting)
            self._warm.labels(name).set(0 if view.started_for_people else view.pool.warm)
            self._limit.labels(name).set(view.pool.limit)
        return generate_latest(self.registry)
