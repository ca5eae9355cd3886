"""Evidence of use put together: bytes of streams, writes, processor time and what the app said become one observation per workspace.

Pure; what it has to remember from round to round is handed in. Decides nothing about idleness: see verdict.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from carrel.domain.activity import Evidence, NotSeen, Observation, Seen, StreamReport, Unknown
from carrel.domain.template import Template
from carrel.domain.workspace import Workspace

COMPUTES: Final = 0.2
"""Processor cores, on average between two rounds: an untouched app stays far below."""
LATE: Final = timedelta(seconds=2)
"""How long a report of the data plane may lie in its buffer."""
_WINDOW: Final = timedelta(minutes=1)
_WRITES: Final = frozenset({"PUT", "POST", "PATCH", "DELETE"})
_NO_ERROR: Final = 400
_LONGEST_AGO: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Flow:
    """What is remembered of one long-lived stream."""

    received: int
    """Bytes from the person since it began."""
    at: datetime
    since: datetime
    """When the minute began in which bytes are counted now."""
    counted: int = 0


@dataclass(frozen=True, slots=True)
class Sample:
    cpu_seconds: float
    monotonic: float


def wrote(report: StreamReport, recipe: Template) -> Seen | None:
    """A write that the template counts, and that the app took. An open tab alone writes elsewhere."""
    is_counted = report.method in _WRITES and report.path.startswith(tuple(recipe.activity_writes))
    return (
        Seen(report.at, "somebody saved or started something")
        if is_counted and report.code < _NO_ERROR
        else None
    )


def lasts(report: StreamReport) -> bool:
    """Whether its bytes may be somebody's typing. A request with a body is judged by where it goes: an open tab alone sends some."""
    return report.method not in _WRITES


def flowed(before: Flow | None, report: StreamReport, recipe: Template) -> tuple[Flow, Seen | None]:
    """The bytes of a minute against the template's threshold. Pongs and the like stay below it, however the reports fall."""
    began = report.at if report.began is None else report.began
    last = before if before is not None and before.received <= report.received else Flow(0, began, began)
    new = report.received - last.received
    minutes = max(1.0, (report.at - last.at) / _WINDOW)
    is_same_minute = report.at - last.since <= _WINDOW
    counted = last.counted + new if is_same_minute else new
    flow = Flow(report.received, report.at, last.since if is_same_minute else last.at, counted)
    threshold = recipe.activity_bytes
    is_use = threshold is not None and new > 0 and counted >= threshold * minutes
    return flow, Seen(report.at, "somebody typed") if is_use else None


def computed(before: Sample | None, after: Sample | None, now: datetime) -> Evidence:
    """Processor time between two rounds. Where it was not measured before, nothing is known yet."""
    if before is None or after is None or after.monotonic <= before.monotonic:
        return Unknown("how much it computes is not known yet")
    cores = (after.cpu_seconds - before.cpu_seconds) / (after.monotonic - before.monotonic)
    return Seen(now, "it is computing") if cores >= COMPUTES else NotSeen()


def counts_streams(recipe: Template) -> bool:
    return recipe.activity_bytes is not None or bool(recipe.activity_writes)


def known_until(
    asked_at: datetime, streams_read_at: datetime, recipe: Template, every: timedelta
) -> datetime:
    """What a stream did since its last report is not known yet."""
    if not counts_streams(recipe):
        return asked_at
    return min(asked_at, streams_read_at - every - LATE)


def observation(
    workspace: Workspace, recipe: Template, evidence: Sequence[Evidence], known: datetime, every: timedelta
) -> Observation:
    """`known` is up to when all of it holds."""
    seen = [one for one in evidence if isinstance(one, Seen)]
    before = workspace.observed_at or workspace.attached_at or known
    is_after_gap = known - before > max(3 * every, _WINDOW)
    if any(isinstance(one, Unknown) for one in evidence):
        known_now, is_after_gap = None, False
    else:
        known_now = known
    if is_after_gap and recipe.activity == "command":
        seen.append(Seen(known, "it could not be asked before"))
    newest = max(seen, key=lambda one: one.at, default=None)
    if newest is None or newest.at <= (workspace.last_active_at or _LONGEST_AGO):
        return Observation(workspace.id, known_now, is_after_gap=is_after_gap)
    return Observation(workspace.id, known_now, newest.at, newest.because, is_after_gap)
