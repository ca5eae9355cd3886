"""A pool, its policy and what is in it now; how the policy is changed, and what the change would do."""

from typing import Annotated

from pydantic import Field, StringConstraints

from carrel.wire.v1.shape import Asking, Telling, Time

Duration = Annotated[str, StringConstraints(pattern="^[0-9]{1,9}[smhd]$")]
"""As in the configuration file: `60s`, `90m`, `12h`, `3d`."""
DurationOrNever = Annotated[str, StringConstraints(pattern="^([0-9]{1,9}[smhd]|never)$")]


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
    draining: bool = False
    """It starts nothing, and what nobody holds is stopped; what people hold goes on until they release it."""
    starting_at_once: int = 4
    start_timeout: str = "5m"
    enter_within: str = "30m"
    watch_within: str = "2m"
    stop_after_idle: str = "90m"
    """A duration, or `never`; so are the two below."""
    max_age: str = "12h"
    retire_warm_after: str = "3d"
    quiet_hours: str = ""
    """When what is past `max_age` is stopped, such as `22:00-06:00 Europe/Berlin`; at once where it is empty."""
    trouble: str | None = None
    """Why the newest start failed or cannot be tried; null as soon as one worked after it."""
    estimate_seconds: float | None = None
    """How long whoever asks now would wait; null where one is warm, and where nothing is known."""
    estimate_range: tuple[float, float] | None = None
    """Seconds: three of four waits take longer than the first, one of ten longer than the second."""
    started_for_people: str | None = None
    """Each workspace is started for its person, with their files, and `warm` counts for nothing; why, to go on from "because"."""


class PoolChange(Asking):
    """Only what is named changes. `paused: false` also ends draining."""

    paused: bool | None = None
    draining: bool | None = None
    """Stop what nobody holds and start nothing; true pauses the pool as well."""
    warm: int | None = Field(default=None, ge=0, le=10_000)
    limit: int | None = Field(default=None, ge=0, le=100_000)
    per_user: int | None = Field(default=None, ge=1, le=1000)
    starting_at_once: int | None = Field(default=None, ge=1, le=1000)
    start_timeout: Duration | None = None
    enter_within: Duration | None = None
    watch_within: Duration | None = None
    stop_after_idle: DurationOrNever | None = None
    max_age: DurationOrNever | None = None
    quiet_hours: str | None = Field(default=None, max_length=100)
    """Such as `22:00-06:00 Europe/Berlin`; `none`, or nothing in it, for none."""
    retire_warm_after: DurationOrNever | None = None


class Ending(Telling):
    code: str
    reason: str
    many: int


class PoolPreview(Telling):
    """What the planner would do if the policy were changed so. Nothing is changed by asking."""

    sentence: str
    """E.g. "Starts 8 (4 at a time), retires 1." """
    changes: list[str]
    """What would differ from now, such as "warm 2 → 5"."""
    starts: int
    starts_at_once: int
    """Those of the very next pass: refill is paced."""
    retires: list[Ending]
    """Workspaces that nobody holds."""
    releases: list[Ending]
    """Claims: their people lose a workspace, or their place in the queue."""
    assigned: int
    """How many who wait are served."""
    still_waiting: int
    is_whole: bool
    """False where there is more to come than was looked ahead: the numbers are then the least."""
    notes: list[str]


class PoolSample(Telling):
    """How full it was: the fewest ready, and the most of everything else, from then to the next."""

    at: Time
    ready: int
    starting: int
    claimed: int
    waiting: int
    failed: int
    """Starts that failed since the sample before."""
