"""A workspace: where it is, whose it is, and how it is doing."""

from pydantic import Field

from carrel.domain.workspace import Phase
from carrel.wire.v1.shape import Asking, Telling, Time


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
    reason: str | None
    """Why it stops, stopped or failed."""


class ListedWorkspace(Workspace):
    """As a list shows it."""

    owner_name: str | None
    """What they sign in with; null while nobody holds it."""
    template: str
    backend: str


class Extension(Asking):
    hours: float = Field(default=1.0, gt=0, le=168, allow_inf_nan=False)
    """How much longer it may run, counted from now or from when it would have stopped, whichever is later."""
