"""Collects instances that belong to no pool at all: one loop for each backend, on the same two looks as everything unknown."""

from dataclasses import dataclass
from typing import Final

import structlog
from sqlalchemy import Connection

from carrel.domain.errors import CarrelError
from carrel.domain.ids import PoolName, WorkspaceId
from carrel.ports.clock import Clock
from carrel.ports.driver import Driver, DriverError, within
from carrel.reconcile.look import instances_of
from carrel.rules.collect import collect_twice_seen, strays
from carrel.store import pools, workspaces
from carrel.store.engine import Store

_log = structlog.get_logger(__name__)

LOOK_EVERY: Final = 20.0
"""Seconds. Strays cost money, not time."""
ENDS_WITHIN: Final = 120.0
"""Seconds. What takes longer is waited for no more, and asked again in the next pass."""


@dataclass(slots=True)
class StrayLoop:
    backend: str
    store: Store
    clock: Clock
    driver: Driver
    _before: frozenset[WorkspaceId] = frozenset()

    async def run(self) -> None:
        while True:
            try:
                await self.pass_once()
            except (CarrelError, DriverError) as error:
                _log.warning("strays not looked for", backend=self.backend, why=error.sentence)
            await self.clock.sleep(LOOK_EVERY)

    async def pass_once(self) -> None:
        listed = await instances_of(self.driver)
        known, named = await self.store.read(known_instances, self.backend)
        found = strays(listed, known=known, pools=named)
        for action in collect_twice_seen(found, self._before):
            _log.warning(
                "stray instance collected", backend=self.backend, workspace=action.instance.workspace_id
            )
            await self._end(action.instance.workspace_id)
        self._before = frozenset(instance.workspace_id for instance in found)

    async def _end(self, workspace_id: WorkspaceId) -> None:
        """One that cannot be ended must not stand in the way of the others."""
        try:
            await within(ENDS_WITHIN, self.driver.destroy(workspace_id), what="end an instance")
        except DriverError as error:
            _log.warning("stray not ended", backend=self.backend, workspace=workspace_id, why=error.sentence)


def known_instances(conn: Connection, backend: str) -> tuple[frozenset[WorkspaceId], frozenset[PoolName]]:
    """Every live row, and the pools whose own loops look at this backend."""
    reconciled = pools.reconciled(conn)
    live = {row.id for pool in reconciled for row in workspaces.of_pool(conn, pool.name)}
    return frozenset(live), frozenset(pool.name for pool in reconciled if pool.backend == backend)
