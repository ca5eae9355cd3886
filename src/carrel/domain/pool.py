"""A pool: a policy, and the workspaces of one template on one backend."""

from dataclasses import dataclass
from datetime import timedelta

from carrel.domain.ids import BackendName, PoolName, TemplateName
from carrel.domain.quiet import QuietHours


@dataclass(frozen=True, slots=True)
class Pool:
    name: PoolName
    template: TemplateName
    backend: BackendName
    warm: int = 0
    """How many ready and unclaimed workspaces we want."""
    limit: int = 10
    """How many live workspaces there may ever be at once, claimed ones included."""
    per_user: int = 1
    paused: bool = False
    """A paused pool starts nothing; what runs goes on, and warm workspaces may still be claimed."""
    draining: bool = False
    """A draining pool is paused and wants nothing warm: what nobody holds is stopped, what people hold goes on until released."""
    starting_at_once: int = 4
    """How many may be starting at once for refill; people who wait come on top. Pools that start everything at boot fail at boot (shinyproxy#529)."""
    start_timeout: timedelta = timedelta(minutes=5)
    enter_within: timedelta = timedelta(minutes=30)
    """A held claim that nobody ever entered is released after this."""
    watch_within: timedelta = timedelta(minutes=2)
    """A waiting claim that nobody watches lapses after this."""
    stop_after_idle: timedelta | None = timedelta(minutes=90)
    max_age: timedelta | None = timedelta(hours=12)
    """A held workspace older than this (since it was assigned) is stopped."""
    quiet_hours: QuietHours | None = None
    """What is older than max_age is stopped in these hours only; None: at once."""
    retire_warm_after: timedelta | None = timedelta(days=3)
