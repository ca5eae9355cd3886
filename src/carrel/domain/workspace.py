"""A workspace, told as three separate facts: what we want (`desired`), what the driver last showed (`phase`), who holds it (`claim_id`).

"Warm" is derived from them and stored nowhere. `TRANSITIONS` is the only place that knows which phase may follow which.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from carrel.domain.endpoint import Endpoint
from carrel.domain.ids import BackendName, ClaimId, HomeId, PoolName, TemplateName, UserId, WorkspaceId


class Phase(StrEnum):
    PENDING = "pending"
    """Intended: the row is committed, the driver was not (surely) asked yet."""
    STARTING = "starting"
    """The driver took the request; the app does not answer yet."""
    READY = "ready"
    """The app answered."""
    DRAINING = "draining"
    """Accepts nobody new; whoever is inside may finish."""
    STOPPING = "stopping"
    """The driver was asked, or is about to be asked, to end it."""
    GONE = "gone"
    """Nothing of it is left but its history."""
    FAILED = "failed"
    """It ended, or never came up, on its own. What is left of it is still to be removed."""


class Desired(StrEnum):
    RUNNING = "running"
    GONE = "gone"


TRANSITIONS: dict[Phase, frozenset[Phase]] = {
    Phase.PENDING: frozenset({Phase.STARTING, Phase.STOPPING, Phase.FAILED}),
    Phase.STARTING: frozenset({Phase.READY, Phase.STOPPING, Phase.FAILED}),
    Phase.READY: frozenset({Phase.STARTING, Phase.DRAINING, Phase.STOPPING, Phase.FAILED}),
    Phase.DRAINING: frozenset({Phase.STOPPING, Phase.FAILED}),
    Phase.STOPPING: frozenset({Phase.GONE}),
    Phase.FAILED: frozenset({Phase.STOPPING}),
    Phase.GONE: frozenset(),
}
"""READY → STARTING is a restart: same id, same address, same claim."""

LIVE: frozenset[Phase] = frozenset(Phase) - {Phase.GONE}
"""What counts against a pool's limit: everything that may still cost money."""


def may_become(old: Phase, new: Phase) -> bool:
    return new in TRANSITIONS[old]


@dataclass(frozen=True, slots=True)
class Workspace:
    id: WorkspaceId
    pool: PoolName
    template: TemplateName
    template_version: str
    backend: BackendName
    phase: Phase
    desired: Desired
    created_at: datetime
    phase_at: datetime
    """When `phase` last changed."""
    version: int = 0
    """Every write is guarded by it and adds one."""
    secret: str = ""
    """Known to the app, the data plane and us; never to a browser."""
    claim_id: ClaimId | None = None
    owner: UserId | None = None
    home_id: HomeId | None = None
    """What was brought in for its claim; before it has one, what it is started with."""
    endpoint: Endpoint | None = None
    handle: str | None = None
    """JSON a driver may keep about its instance."""
    ready_at: datetime | None = None
    assigned_at: datetime | None = None
    attached_at: datetime | None = None
    """When the home of its claim was brought in; nobody enters before."""
    entered_at: datetime | None = None
    last_active_at: datetime | None = None
    active_because: str | None = None
    """What `last_active_at` was seen by, in words that go on from "in use until …: "."""
    observed_at: datetime | None = None
    """Up to when it is known whether it was used: a probe that failed leaves it where it was."""
    warned_at: datetime | None = None
    """When its person was warned of the stop to come; empty again once it is used, or they asked for more time."""
    kept_until: datetime | None = None
    """Its person asked that it go on until then, used or not."""
    stops_at: datetime | None = None
    gone_at: datetime | None = None
    reason: str | None = None
    """Why it stops, stopped or failed, in words its owner may read."""
    reason_code: str | None = None
    price_per_hour: float | None = None
    """Copied from the template at the start: a later change of price does not rewrite the past."""

    @property
    def is_live(self) -> bool:
        return self.phase in LIVE

    @property
    def is_warm(self) -> bool:
        """For anybody."""
        return self.phase is Phase.READY and self._is_free and self.home_id is None

    @property
    def is_coming(self) -> bool:
        """On its way to warm, for whoever is next."""
        return self.phase in (Phase.PENDING, Phase.STARTING) and self._is_free and self.home_id is None

    @property
    def is_reserved(self) -> bool:
        """Started with somebody's home in it: for the claim that brings that home along, and for nobody else."""
        is_of_use = self.phase in (Phase.PENDING, Phase.STARTING, Phase.READY)
        return is_of_use and self._is_free and self.home_id is not None

    @property
    def _is_free(self) -> bool:
        return self.claim_id is None and self.desired is Desired.RUNNING
