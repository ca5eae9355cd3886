"""As many open files as this process may have: each request of a crowd, each stream and each probe is one."""

import contextlib
import resource
from typing import Final

MOST: Final = 65_536
"""Workspaces inherit the limit, and old programs close every descriptor up to it at each start of another."""


def allow_many() -> None:
    """The usual 1,024 (256 on macOS) are fewer than a class that comes at nine. Never lowers, never raises."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST if hard == resource.RLIM_INFINITY else min(MOST, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
