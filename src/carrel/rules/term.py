"""How long a held workspace goes on, and why it stops then; how much longer it may be asked to run. Ends nothing: see expire."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from carrel.domain.claim import Claim
from carrel.domain.pool import Pool
from carrel.domain.workspace import Workspace
from carrel.rules.expire import ends_at
from carrel.rules.wording import humanly

STEPS: Final = (1, 2, 4)
"""Hours that are offered."""
WORTH_IT: Final = timedelta(minutes=5)
"""An extension that adds less is not offered."""


@dataclass(frozen=True, slots=True)
class Stop:
    at: datetime
    because: str
    """Goes on from "Stops at …, "."""


@dataclass(frozen=True, slots=True)
class Extension:
    hours: float
    until: datetime
    adds: timedelta
    """Less than `hours` where the pool allows no more."""


def stop_of(workspace: Workspace, claim: Claim | None, policy: Pool | None) -> Stop | None:
    """The first of what may end it; None where nothing does."""
    stops = [
        stop
        for stop in (_given_back(claim), _unentered(workspace, claim, policy), _expired(workspace, policy))
        if stop is not None
    ]
    return min(stops, key=lambda stop: stop.at, default=None)


def extended(workspace: Workspace, policy: Pool, more: timedelta, now: datetime) -> datetime | None:
    """When it would stop if it ran `more` longer: within max_age counted from now, and never sooner than it would anyhow. None where
    the pool knows no end.
    """
    if policy.max_age is None:
        return None
    ends = workspace.stops_at or (workspace.assigned_at or now) + policy.max_age
    return max(ends, min(max(ends, now) + more, now + policy.max_age))


def extensions(workspace: Workspace, policy: Pool | None, now: datetime) -> list[Extension]:
    """What is worth offering, the shortest first; the last one may be cut short by what the pool allows."""
    if policy is None or policy.max_age is None or workspace.claim_id is None:
        return []
    ends = extended(workspace, policy, timedelta(0), now)
    offered: list[Extension] = []
    for hours in STEPS:
        until = extended(workspace, policy, timedelta(hours=hours), now)
        if ends is None or until is None or until - (offered[-1].until if offered else ends) < WORTH_IT:
            break
        offered.append(Extension(hours, until, until - max(ends, now)))
    return offered


def _given_back(claim: Claim | None) -> Stop | None:
    if claim is None or claim.release_at is None:
        return None
    return Stop(claim.release_at, "because you gave it back")


def _unentered(workspace: Workspace, claim: Claim | None, policy: Pool | None) -> Stop | None:
    if workspace.entered_at is not None or claim is None or claim.held_at is None or policy is None:
        return None
    return Stop(claim.held_at + policy.enter_within, "unless somebody goes in before")


def _expired(workspace: Workspace, policy: Pool | None) -> Stop | None:
    until = ends_at(workspace, policy) if policy is not None else workspace.stops_at
    if until is None:
        return None
    if workspace.assigned_at is None or policy is None:
        return Stop(until, "the time it was given")
    allowed = until - workspace.assigned_at
    if allowed == policy.max_age:
        return Stop(until, f"{humanly(allowed)} after it began")
    return Stop(until, "the time it was extended to")
