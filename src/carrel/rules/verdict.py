"""May a held workspace be stopped because nobody uses it: keep, warn or stop, and why. Pure; knows only the evidence in its row.

It errs on keeping: what is not known, because an app could not be asked or the machine slept, is never idleness.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from carrel.domain.pool import Pool
from carrel.domain.workspace import Desired, Phase, Workspace
from carrel.rules.wording import moment

LONGEST_WARNING: Final = timedelta(minutes=10)
UNKNOWN_AFTER: Final = timedelta(minutes=15)
"""What was seen last longer ago than this says nothing about now. In the slowest rhythm of asking (5 minutes), what was read of streams
is a rhythm old, and the next round begins a rhythm later and takes up to half of one.
"""


@dataclass(frozen=True, slots=True)
class Keep:
    until: datetime | None
    """When it stops if nobody uses it from now on; None where idleness does not end it."""
    because: str
    is_blind: bool = field(default=False, compare=False)
    """It would be about to stop, but whether it is used cannot be told."""


@dataclass(frozen=True, slots=True)
class Warn:
    """Its person has to be told now, or was told already (`Workspace.warned_at`)."""

    stops_at: datetime
    because: str


@dataclass(frozen=True, slots=True)
class Stop:
    because: str


Verdict = Keep | Warn | Stop
"""`because` goes on from "kept because" or "stopped at 17:40:", without a capital or a full stop."""


def verdict(workspace: Workspace, policy: Pool, now: datetime, zone: tzinfo = UTC) -> Verdict:
    """`zone` is only how moments are said."""
    limit = policy.stop_after_idle
    if limit is None:
        return Keep(None, "its pool stops nothing for idleness")
    if (early := _not_yet(workspace)) is not None:
        return Keep(None, early)
    stops_at = _stops_at(workspace, limit, now)
    if now < stops_at - warning(limit):
        return Keep(stops_at, _use(workspace, stops_at, now, zone))
    return _near_its_end(workspace, limit, stops_at, now=now, zone=zone)


def _near_its_end(
    workspace: Workspace, limit: timedelta, stops_at: datetime, *, now: datetime, zone: tzinfo
) -> Verdict:
    """The time of the warning has come; but only what is known of the whole time up to it counts."""
    known_until = workspace.observed_at or idle_since(workspace)
    if now - known_until > UNKNOWN_AFTER:
        return Keep(
            None,
            f"whether it is used is not known since {moment(max(known_until, idle_since(workspace)), now, zone)}",
            is_blind=True,
        )
    if not is_warned(workspace) and known_until < _due(workspace, limit) - warning(limit):
        return Keep(stops_at, "what happened last is not known yet")
    because = f"nothing ran and nobody typed since {moment(idle_since(workspace), now, zone)}"
    if now < stops_at or known_until < stops_at or not is_warned(workspace):
        return Warn(stops_at, because)
    return Stop(because)


def warning(limit: timedelta) -> timedelta:
    """How long before the stop people are told. It lies inside the limit."""
    return min(LONGEST_WARNING, limit / 3)


def idle_since(workspace: Workspace) -> datetime:
    """The last sign of its person; a start or a restart is one too."""
    return max(at for at, _ in _signs(workspace))


def _not_yet(workspace: Workspace) -> str | None:
    """Why the question does not arise; other rules end what is never entered or never comes up."""
    if workspace.claim_id is None or workspace.desired is Desired.GONE:
        return "nobody holds it"
    if workspace.phase not in (Phase.READY, Phase.DRAINING):
        return "it is not ready"
    if workspace.attached_at is None:
        return "it is being handed over"
    return "nobody went in yet" if workspace.entered_at is None else None


def _stops_at(workspace: Workspace, limit: timedelta, now: datetime) -> datetime:
    """Never sooner than its person was promised, nor before they had the whole time of the warning."""
    due = _due(workspace, limit)
    if workspace.warned_at is not None and is_warned(workspace):
        return max(due, workspace.warned_at + warning(limit))
    return max(due, now + warning(limit))


def _due(workspace: Workspace, limit: timedelta) -> datetime:
    due = idle_since(workspace) + limit
    return due if workspace.kept_until is None else max(due, workspace.kept_until)


def is_warned(workspace: Workspace) -> bool:
    """A sign of use or a restart after the warning makes it void."""
    return workspace.warned_at is not None and workspace.warned_at >= idle_since(workspace)


def _use(workspace: Workspace, stops_at: datetime, now: datetime, zone: tzinfo) -> str:
    if workspace.kept_until == stops_at:
        return f"it was asked to go on until {moment(stops_at, now, zone)}"
    at, sign = max(_signs(workspace), key=lambda sign: sign[0])
    return f"in use until {moment(at, now, zone)}: {sign}"


def _signs(workspace: Workspace) -> list[tuple[datetime, str]]:
    signs = [
        (workspace.last_active_at, workspace.active_because or "it was used"),
        (workspace.entered_at, "somebody went in"),
        (workspace.phase_at if workspace.phase is Phase.READY else None, "it started"),
        (workspace.attached_at, "it was handed over"),
        (workspace.assigned_at, "it was handed over"),
        (workspace.created_at, "it was asked for"),
    ]
    return [(at, sign) for at, sign in signs if at is not None]
