"""What is kept of a workspace somebody held, in whatever way it ends: the last lines its app printed, with no secret in them.

Ends nothing, and keeps nothing from ending.
"""

from datetime import datetime

import structlog
from sqlalchemy import Connection

from carrel.domain.ids import WorkspaceId
from carrel.domain.workspace import Workspace
from carrel.ports.clock import Clock
from carrel.ports.driver import Driver
from carrel.reconcile import mishaps
from carrel.rules.last_words import quoted
from carrel.store import events, troubles, workspaces
from carrel.store.engine import Store

_log = structlog.get_logger(__name__)


async def keep_last_words(store: Store, clock: Clock, driver: Driver, workspace_id: WorkspaceId) -> None:
    """Before the instance is removed. Where they were kept already, because it failed or its end is tried again, nothing is done."""
    row = await store.read(_unkept, workspace_id)
    if row is None:
        return
    try:
        words = await mishaps.last_words(store, driver, row)
    except Exception:  # noqa: BLE001 - whatever a log does, the end goes on; the traceback is logged
        _log.exception("last lines not kept", workspace=workspace_id)
        return
    if words:
        await store.write(_keep, row, words, clock.now())


def _unkept(conn: Connection, workspace_id: WorkspaceId) -> Workspace | None:
    row = workspaces.get(conn, workspace_id)
    if row is None or row.owner is None or troubles.printed(conn, workspace_id) is not None:
        return None
    return row


def _keep(conn: Connection, row: Workspace, words: list[str], now: datetime) -> None:
    events.add(conn, now, "printed", quoted(words), workspace_id=row.id, claim_id=row.claim_id)
