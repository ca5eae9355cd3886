"""No workspace starts before its network is there and the walls around it stand; and they are put up again where somebody took them away.

Which rules the walls are, and how they are written, is for `walls` and `firewall`.
"""

import asyncio
from contextlib import suppress
from typing import Final

import structlog

from carrel.drivers.docker.network.bridge import Network, NetworkAt
from carrel.drivers.docker.network.firewall import Firewall, NotHere
from carrel.drivers.docker.network.walls import Walls
from carrel.ports.clock import Clock
from carrel.ports.driver import DriverError

LOOKS_EVERY: Final = 30.0
"""Seconds: an engine or a service that writes rules anew may have taken ours away."""
_FRESH: Final = 1.0
"""Many that start at once share one look."""
_log = structlog.get_logger(__name__)


class Guard:
    def __init__(
        self, network: Network, firewall: Firewall | None, *, clock: Clock, deny: tuple[str, ...] = ()
    ) -> None:
        """Without a firewall there are no walls but the engine's own; `carrel doctor` says so."""
        self._network = network
        self._firewall = firewall
        self._clock = clock
        self._deny = deny
        self._lock = asyncio.Lock()
        self._seen: tuple[float, NetworkAt] | None = None
        self._task: asyncio.Task[None] | None = None
        self._complaint = ""

    async def ready(self) -> NetworkAt:
        """Before each start of a container. Raises DriverUnavailable where the walls cannot be put up, else as `Network.ensure`."""
        async with self._lock:
            now = self._clock.monotonic()
            if self._seen is None or now - self._seen[0] > _FRESH:
                at = await self._network.ensure()
                await self._wall_in(at)
                self._seen = (self._clock.monotonic(), at)
            return self._seen[1]

    def watch(self) -> None:
        """From now on, until aclose. Repeating it is harmless."""
        if self._firewall is not None and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._watch())

    async def leave(self) -> None:
        """Once no workspace is left: neither the network nor its walls stay. The walls come down last."""
        await self.aclose()
        async with self._lock:
            self._seen = None
            at = await self._network.find()
            if at is None:
                return
            await self._network.remove()
            if self._firewall is not None:
                await self._firewall.lower_walls(Walls(at.bridge, at.subnet, self._deny))

    async def aclose(self) -> None:
        """The network and its walls stay: workspaces run on."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _watch(self) -> None:
        while True:
            try:
                at = await self._network.find()
                if at is not None:
                    await self._wall_in(at)
            except DriverError as error:
                self._complain(error.sentence)
            await self._clock.sleep(LOOKS_EVERY)

    async def _wall_in(self, at: NetworkAt) -> None:
        """Where nobody can put them up, workspaces start without, and the doctor says so."""
        if self._firewall is None:
            return
        try:
            await self._firewall.raise_walls(Walls(at.bridge, at.subnet, self._deny))
            self._complaint = ""
        except NotHere as error:
            self._complain(error.sentence)

    def _complain(self, sentence: str) -> None:
        """Once, not each time."""
        if sentence != self._complaint:
            self._complaint = sentence
            _log.warning("walls around workspaces cannot be looked after", reason=sentence)
