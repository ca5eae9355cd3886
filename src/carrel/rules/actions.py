"""What the planner may ask for: a closed union of frozen data. It says what is to happen and why, never how.

An action carries the rows as the planner saw them; whoever applies it guards every write by their `version` and drops what is stale.
"""

from dataclasses import dataclass
from datetime import datetime

from carrel.domain.claim import Claim
from carrel.domain.endpoint import Endpoint
from carrel.domain.ids import ClaimId, PoolName, TemplateName, WorkspaceId
from carrel.domain.instance import Instance
from carrel.domain.reason import Reason
from carrel.domain.workspace import Phase, Workspace


@dataclass(frozen=True, slots=True)
class Start:
    """Intend one more workspace: a pending row first, then the driver is asked."""

    pool: PoolName
    template: TemplateName
    template_version: str
    claim: Claim | None = None
    """Whose files it is started with; None where it is for whoever is next."""


@dataclass(frozen=True, slots=True)
class Ask:
    """The row is pending and the driver shows nothing: ask it (again) to create the instance."""

    workspace: Workspace


@dataclass(frozen=True, slots=True)
class Move:
    """Record what the driver and the probe showed. Ends nothing: the phase is starting, ready or gone."""

    workspace: Workspace
    phase: Phase
    endpoint: Endpoint | None = None
    handle: str | None = None


@dataclass(frozen=True, slots=True)
class Assign:
    """People wait and workspaces are warm: run the claim statement, oldest waiting first."""

    pool: PoolName


@dataclass(frozen=True, slots=True)
class Attach:
    """Held, and its person's home is not in it yet: hand it over (again)."""

    workspace: Workspace
    claim: Claim


@dataclass(frozen=True, slots=True)
class Warn:
    """Tell its person that it will be stopped, when and why; remember that they were told."""

    workspace: Workspace
    stops_at: datetime
    because: str
    """Goes on from "it is to be stopped:", without a capital or a full stop."""
    is_certain: bool = False
    """It will be stopped even if it is used until then."""


@dataclass(frozen=True, slots=True)
class Fail:
    """It ended, vanished or never came up: record the phase failed. Its claim, if any, is released in a later pass."""

    workspace: Workspace
    reason: Reason


@dataclass(frozen=True, slots=True)
class Destroy:
    """Record that it is stopping and why, then end it. Never planned for a workspace that somebody holds."""

    workspace: Workspace
    reason: Reason


@dataclass(frozen=True, slots=True)
class Remove:
    """It is stopping already and something of it may be left: end it (again)."""

    workspace: Workspace
    reason: Reason
    """The one recorded when its end was decided."""


@dataclass(frozen=True, slots=True)
class Release:
    """End the claim; the workspace it holds, if any, stops with it.

    Stale, and to be dropped, when claim or workspace changed since: it was assigned, watched, entered or extended meanwhile.
    """

    claim: Claim
    reason: Reason
    workspace: Workspace | None = None
    """What the claim holds, if it is there."""


@dataclass(frozen=True, slots=True)
class Collect:
    """End an instance that carries our tag and that the store did not know in two looks."""

    instance: Instance
    reason: Reason


Harmless = Start | Ask | Move | Assign | Attach | Warn
Destructive = Fail | Destroy | Remove | Release | Collect
"""Each carries the reason that people are shown word for word."""

Action = Harmless | Destructive


def subject(action: Action) -> WorkspaceId | ClaimId | None:
    """The workspace that must not be planned for again while this action is being applied; where there is none yet, the claim it is
    to be for, or None.
    """
    match action:
        case Start(claim=claim):
            return claim.id if claim is not None else None
        case Ask() | Move() | Attach() | Warn() | Fail() | Destroy() | Remove():
            return action.workspace.id
        case Release():
            return action.claim.workspace_id
        case Collect():
            return action.instance.workspace_id
        case Assign():
            return None
