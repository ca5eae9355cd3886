"""A workspace: where it is, whose it is, and how it is doing."""

from pydantic import Field

from carrel.domain.workspace import Phase
from carrel.wire.v1.shape import Asking, Telling, Time


class Ailment(Telling):
    code: str
    """Such as `out_of_memory`, `too_many_processes` or `disk_full`; `unknown` for whatever else there is."""
    sentence: str


class Workspace(Telling):
    id: str
    pool: str
    owner: str | None
    """The id of the user who holds it; null while it is warm."""
    phase: Phase
    url: str
    """Where a person lands."""
    base_url: str
    """Its root, for scripts."""
    created_at: Time
    last_active_at: Time | None
    stops_at: Time | None
    """When it stops if nobody uses it from now on; null where nothing ends it, and once it has ended."""
    reason: str | None
    """Why it stops, stopped or failed."""
    stops_because: str | None = None
    """Goes on from "stops at …, ", in words; null where that is null."""
    last_active_because: str | None = None
    """What it was last seen to be used by."""
    idle_since: Time | None = None
    """The last sign of its person, be it that they went in; null until they did, and once it has ended."""
    unknown: str | None = None
    """A sentence, where it is not stopped only because it cannot be told whether it is used."""
    warned_at: Time | None = None
    """When its person was warned of the stop to come; null again once it is used, or goes on because they asked for it."""
    kept_until: Time | None = None
    """Somebody asked that it go on until then, used or not."""
    update_available: bool = False
    """Its template has a newer version: releasing it and asking again gets that one. Files stay."""
    ailment: Ailment | None = None
    """What it suffers from while it runs, e.g. a limit that it runs into; not in lists of workspaces, nor in the answer to a request."""


class ListedWorkspace(Workspace):
    """As a list shows it."""

    owner_name: str | None
    """What they sign in with; null while nobody holds it."""
    template: str
    backend: str


class Extension(Asking):
    hours: float = Field(default=1.0, gt=0, le=168, allow_inf_nan=False)
    """How much longer it may run, counted from now or from when it would have stopped, whichever is later."""
