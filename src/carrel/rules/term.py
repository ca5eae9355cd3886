"""How long a held workspace goes on, and why it stops then; how much longer it may be asked to run. Ends nothing: see expire and cull."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from carrel.domain.claim import Claim
from carrel.domain.pool import Pool
from carrel.domain.prospect import Prospect, Stop
from carrel.domain.workspace import Workspace
from carrel.rules import verdict as idleness
from carrel.rules.expire import announced_at, ends_at, is_put_off, promised_until, to_be_entered_by
from carrel.rules.verdict import Keep, verdict, warning
from carrel.rules.view import is_ending
from carrel.rules.wording import humanly

STEPS: Final = (1, 2, 4)
"""Hours that are offered."""
WORTH_IT: Final = timedelta(minutes=5)
"""An extension that adds less is not offered."""
_NOT_YET: Final = timedelta(seconds=20)
"""Where the time of the warning has come, and whether it is used is asked first."""
_UNLESS_USED: Final = "unless it is used before"


@dataclass(frozen=True, slots=True)
class Extension:
    hours: float
    until: datetime
    adds: timedelta
    """Less than `hours` where the pool allows no more."""


def prospect(
    workspace: Workspace, claim: Claim | None, policy: Pool | None, now: datetime, zone: tzinfo = UTC
) -> Prospect | None:
    """None for one that nobody holds, or that is on its way out. Without its claim, all but that it was given back a moment ago.
    `zone` is how moments are said.
    """
    if workspace.claim_id is None or is_ending(workspace):
        return None
    return Prospect(
        stop_of(workspace, claim, policy, now, zone),
        idleness.idle_since(workspace) if workspace.entered_at is not None else None,
        blind_since(workspace, policy, now, zone),
    )


def stop_of(
    workspace: Workspace, claim: Claim | None, policy: Pool | None, now: datetime, zone: tzinfo = UTC
) -> Stop | None:
    """The first of what may end it, if it is not used from now on; None where nothing does. `zone` is how moments are said."""
    stops = [
        _given_back(claim),
        _unentered(workspace, policy),
        _expired(workspace, policy, now),
        _idle(workspace, policy, now, zone),
    ]
    return min((stop for stop in stops if stop is not None), key=lambda stop: stop.at, default=None)


def blind_since(workspace: Workspace, policy: Pool | None, now: datetime, zone: tzinfo = UTC) -> str | None:
    """In words, where it is not stopped for idleness only because it cannot be told whether it is used."""
    found = verdict(workspace, policy, now, zone) if policy is not None else None
    if not isinstance(found, Keep) or not found.is_blind:
        return None
    since = found.because.rpartition(" since ")[2]
    return f"It cannot be told whether it is used since {since}, so it is not stopped for that."


def extended(workspace: Workspace, policy: Pool, more: timedelta, now: datetime) -> datetime | None:
    """When it would stop, unused, if it ran `more` longer: within max_age counted from now, and never sooner than it would anyhow. None
    where the pool knows no end.
    """
    if policy.max_age is None and policy.stop_after_idle is None:
        return None
    ends = _unused_until(workspace, policy, now)
    until = max(ends or now, now) + more
    if policy.max_age is not None:
        until = min(until, now + policy.max_age)
    return until if ends is None else max(ends, until)


def extensions(workspace: Workspace, policy: Pool | None, now: datetime) -> list[Extension]:
    """What is worth offering, the shortest first; the last one may be cut short by what the pool allows."""
    if policy is None or workspace.claim_id is None:
        return []
    ends = extended(workspace, policy, timedelta(0), now)
    offered: list[Extension] = []
    for hours in STEPS:
        until = extended(workspace, policy, timedelta(hours=hours), now)
        if ends is None or until is None or until - (offered[-1].until if offered else ends) < WORTH_IT:
            break
        offered.append(Extension(hours, until, until - max(ends, now)))
    return offered


def _unused_until(workspace: Workspace, policy: Pool, now: datetime) -> datetime | None:
    """When it stops if nobody uses it from now on, whoever may have given it back or not gone in."""
    stops = (_expired(workspace, policy, now), _idle(workspace, policy, now, UTC))
    return min((stop.at for stop in stops if stop is not None), default=None)


def _given_back(claim: Claim | None) -> Stop | None:
    if claim is None or claim.release_at is None:
        return None
    return Stop(claim.release_at, "because you gave it back")


def _unentered(workspace: Workspace, policy: Pool | None) -> Stop | None:
    by = to_be_entered_by(workspace, policy) if policy is not None else None
    return Stop(by, "unless somebody goes in before") if by is not None else None


def _expired(workspace: Workspace, policy: Pool | None, now: datetime) -> Stop | None:
    if policy is None:
        until = workspace.stops_at
        return Stop(until, "the time it was given") if until is not None else None
    until, promised = ends_at(workspace, policy, now), promised_until(workspace, policy)
    if until is None or promised is None or workspace.assigned_at is None:
        return None
    allowed = promised - workspace.assigned_at
    if is_put_off(promised, policy):
        because = f"in the quiet hours after its {humanly(allowed)}"
    elif allowed == policy.max_age:
        because = f"{humanly(allowed)} after it began"
    else:
        because = "the time it was extended to"
    return Stop(until, because, announced_at(workspace, policy, now))


def _idle(workspace: Workspace, policy: Pool | None, now: datetime, zone: tzinfo) -> Stop | None:
    if policy is None or policy.stop_after_idle is None:
        return None
    announced = idleness.idle_since(workspace)
    match verdict(workspace, policy, now, zone):
        case Keep(datetime() as at, _):
            announced = max(at - warning(policy.stop_after_idle), now + _NOT_YET)
            kept = f"the time it was extended to, {_UNLESS_USED}"
            because = kept if at == workspace.kept_until else _UNLESS_USED
        case idleness.Warn(due, why):
            at = max(due, now)  # it is due, and only has to be seen once more that it is not used
            because = f"{_UNLESS_USED}: {why}"
        case idleness.Stop(why):
            at, because = now, why
        case _:
            return None
    stop = Stop(at, because, announced)
    return None if _comes_after(workspace, policy, stop, now) else stop


def _comes_after(workspace: Workspace, policy: Pool, idle: Stop, now: datetime) -> bool:
    """From when on its end is announced, idleness does not end it sooner."""
    announced = announced_at(workspace, policy, now)
    return announced is not None and idle.at >= announced
