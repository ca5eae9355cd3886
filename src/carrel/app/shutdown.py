"""The end that Ctrl-C asks for: what people hold is released, every instance is ended, homes and history stay."""

import asyncio
from datetime import datetime

import structlog
from sqlalchemy import Connection

from carrel.domain.ids import BackendName, WorkspaceId
from carrel.domain.reason import Reason, ReasonCode
from carrel.domain.workspace import Phase
from carrel.ports.driver import Driver, DriverError, Leaves, within
from carrel.services.context import Context
from carrel.store import claims, pools, workspaces

_log = structlog.get_logger(__name__)

AT_ONCE = 32
LEAVES_WITHIN = 10.0
"""Seconds: whoever pressed Ctrl-C waits for it."""
_SHUT_DOWN = Reason(ReasonCode.STOPPED_BY_ADMIN, "Carrel was shut down.")


async def end_workspaces(context: Context) -> None:
    """Call it once nothing reconciles any more. What cannot be ended now is found and ended at the next start."""
    doomed = await context.store.write(_release_all, context.clock.now())
    gate = asyncio.Semaphore(AT_ONCE)
    await asyncio.gather(*(_end(context, gate, id_, backend) for id_, backend in doomed.items()))
    await asyncio.gather(*(_leave(name, driver) for name, driver in context.drivers.items()))


def _release_all(conn: Connection, now: datetime) -> dict[WorkspaceId, BackendName]:
    doomed: dict[WorkspaceId, BackendName] = {}
    for pool in pools.reconciled(conn):
        for claim in claims.live(conn, pool.name):
            claims.release(conn, claim.id, _SHUT_DOWN, now)
        for row in workspaces.of_pool(conn, pool.name):
            doomed[row.id] = row.backend
            if row.phase is not Phase.STOPPING:
                workspaces.move(conn, row.id, row.version, Phase.STOPPING, now, reason=_SHUT_DOWN)
    return doomed


async def _end(
    context: Context, gate: asyncio.Semaphore, workspace_id: WorkspaceId, backend: BackendName
) -> None:
    driver: Driver | None = context.drivers.get(backend)
    if driver is None:
        return
    async with gate:
        try:
            await driver.destroy(workspace_id)
        except DriverError as error:
            _log.warning("workspace not ended", workspace=workspace_id, why=error.sentence)
            return
    await context.store.write(_gone, workspace_id, context.clock.now())


async def _leave(backend: BackendName, driver: Driver) -> None:
    """What stays may be in the way of whoever removes the state directory; the next start needs none of it."""
    if not isinstance(driver, Leaves):
        return
    try:
        await within(LEAVES_WITHIN, driver.leave(), what="take away what its instances had shared")
    except DriverError as error:
        _log.warning("backend not left", backend=backend, why=error.sentence)


def _gone(conn: Connection, workspace_id: WorkspaceId, now: datetime) -> None:
    row = workspaces.get(conn, workspace_id)
    if row is not None and row.phase is Phase.STOPPING:
        workspaces.move(conn, row.id, row.version, Phase.GONE, now)
