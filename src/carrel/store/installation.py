"""Which installation this store belongs to: minted once, carried as a tag by everything its drivers start."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from carrel.domain.ids import InstallationId
from carrel.store import schema
from carrel.store.upsert import PerEngine

_i = schema.installation
_KEEP = PerEngine(_i, lambda insert: insert.on_conflict_do_nothing())
_GET = sa.select(_i.c.id)


def ensure(conn: Connection, candidate: InstallationId, now: datetime) -> InstallationId:
    """The id there is; the candidate becomes it the first time."""
    conn.execute(_KEEP.on(conn), {"one": 1, "id": candidate, "created_at": now})
    return InstallationId(conn.execute(_GET).scalar_one())
