"""A pool, its policy and what is in it now."""

from pydantic import Field

from carrel.wire.v1.shape import Asking, Telling


class Counts(Telling):
    ready: int
    """Warm: ready and unclaimed."""
    starting: int
    claimed: int
    stopping: int
    failed: int
    waiting: int
    """Claims that wait for a workspace."""


class Pool(Telling):
    name: str
    template: str
    backend: str
    warm: int
    limit: int
    per_user: int
    paused: bool
    counts: Counts


class PoolChange(Asking):
    """Only what is named changes."""

    paused: bool | None = None
    warm: int | None = Field(default=None, ge=0, le=10_000)
    limit: int | None = Field(default=None, ge=0, le=100_000)
