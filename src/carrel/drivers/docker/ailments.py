"""What running workspaces suffer from: memory that ran out for a program inside, as many processes as there may be, a full disk.

Heard from the engine's events and read from what it measures; remembered for some minutes, because it is over quickly and people look later.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiodocker import Docker

from carrel.domain.ids import WorkspaceId
from carrel.drivers.docker.network import Names
from carrel.ports.clock import Clock
from carrel.ports.driver import Ailment

Stats = Callable[[], Awaitable[Mapping[WorkspaceId, Mapping[str, Any]]]]
"""The engine's answer to /containers/…/stats of each running workspace; may be a few seconds old."""


class Ailments:
    def __init__(self, client: Callable[[], Docker], names: Names, stats: Stats, *, clock: Clock) -> None:
        self._client = client
        self._names = names
        self._stats = stats
        self._clock = clock

    def start(self) -> None:
        """Begins to listen to the engine's events, and goes on when the engine went and came back. Repeating it is harmless."""
        raise NotImplementedError

    async def current(self) -> Mapping[WorkspaceId, Ailment]:
        """For `Complains`. Raises DriverUnavailable."""
        raise NotImplementedError

    async def aclose(self) -> None:
        """Stops listening."""
