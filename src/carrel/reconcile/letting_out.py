"""Takes a person's files out of a workspace that ends, and wakes whoever waits for them. Ends nothing else.

Killed between any two lines, the files count as in it still, and the next pass does it again.
"""

from datetime import datetime

from sqlalchemy import Connection

from carrel.domain.ids import PoolName, WorkspaceId
from carrel.ports.clock import Clock
from carrel.ports.driver import Detaches, Driver, within
from carrel.ports.wake import Wake, pool_topic
from carrel.store import claims, homes
from carrel.store.engine import Store

DETACHES_WITHIN = 600.0
"""Seconds. An app may take its time to save, and a disk to be let go of; what hangs for ever is asked again."""


async def let_out(store: Store, clock: Clock, wake: Wake, driver: Driver, workspace_id: WorkspaceId) -> None:
    """Before the instance is removed, where the driver can. Raises DriverUnavailable; then they are in it still."""
    if not isinstance(driver, Detaches) or not await store.read(homes.inside, workspace_id):
        return
    await within(DETACHES_WITHIN, driver.detach(workspace_id), what="take the files out")
    for pool in await store.write(_out, workspace_id, clock.now()):
        wake.ring(pool_topic(pool))


def _out(conn: Connection, workspace_id: WorkspaceId, now: datetime) -> set[PoolName]:
    """The pools in which somebody waits for what came out."""
    others = [claims.having(conn, home_id) for home_id in homes.let_out(conn, workspace_id, now)]
    return {claim.pool for claim in others if claim is not None}
