"""Asks drivers what running workspaces suffer from, for their people to know in time and for the cause of an end. Decides nothing."""

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import Connection

from carrel.domain.ids import BackendName, ClaimId, WorkspaceId
from carrel.domain.instance import Ailment
from carrel.domain.reason import Reason
from carrel.domain.workspace import Workspace
from carrel.ports.clock import Clock
from carrel.ports.driver import Complains, Driver, DriverError, within
from carrel.ports.wake import Wake, claim_topic
from carrel.rules.ailing import explained, is_news
from carrel.store import ailing
from carrel.store.engine import Store

ASKS_WITHIN: Final = 10.0
EXPLAINS_WITHIN: Final = 3.0
"""Seconds. The failure itself must be recorded whatever becomes of the answer."""


async def tell(
    store: Store, clock: Clock, wake: Wake, drivers: Mapping[BackendName, Driver], held: Sequence[Workspace]
) -> None:
    """A line in the timeline of each whose state changed; nothing of those whose driver says nothing or is away."""
    for backend in sorted({row.backend for row in held}):
        driver = drivers.get(backend)
        if driver is None or not isinstance(driver, Complains):
            continue
        told = await _asked(driver, ASKS_WITHIN)
        if told is None:
            continue
        rows = [row for row in held if row.backend == backend]
        known = await store.read(ailing.current, [row.id for row in rows])
        for row in rows:
            ailment = told.get(row.id)
            is_new = is_news(known.get(row.id), ailment)
            if is_new and await store.write(ailing.note, row, ailment, clock.now()):
                _ring(wake, row.claim_id)


async def explain(store: Store, clock: Clock, driver: Driver, row: Workspace, reason: Reason) -> Reason:
    """Why it ended, in the light of what it suffered from lately, where that says more."""
    told = await _asked(driver, EXPLAINS_WITHIN) if isinstance(driver, Complains) else None
    known = await store.read(_known, row.id)
    lately = [one for one in ((told or {}).get(row.id), known) if one is not None]
    return explained(reason, lately, clock.now())


def _known(conn: Connection, workspace_id: WorkspaceId) -> Ailment | None:
    return ailing.current(conn, [workspace_id]).get(workspace_id)


async def _asked(driver: Complains, seconds: float) -> Mapping[WorkspaceId, Ailment] | None:
    try:
        return await within(seconds, driver.ailments(), what="say what its instances suffer from")
    except DriverError:
        return None


def _ring(wake: Wake, claim_id: ClaimId | None) -> None:
    if claim_id is not None:
        wake.ring(claim_topic(claim_id))
