"""Runs a command inside a container, by a shell of the image's own. Decides nothing about results.

An image must have `sh` with `kill` and `read` built in (dash, bash and busybox have them), and /proc.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from carrel.drivers.docker.engine import Engine
from carrel.ports.driver import DriverUnavailable, Ran


@dataclass(frozen=True, slots=True)
class Place:
    """Where and as whom a command runs."""

    container: str
    """Name or id of the app's container."""
    home: str
    """Its home_path."""
    user: str = ""
    """ "uid:gid"; the container's own if empty. Give the owner of the person's files where the container begins as root."""


class Commands:
    """One at a time for each container; a second one waits."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def run(self, place: Place, command: Sequence[str], *, seconds: float) -> Ran:
        """As `ports.driver.Runs`. Raises TookTooLong, DriverUnavailable, Rejected."""
        raise DriverUnavailable("No command can be run yet.")
