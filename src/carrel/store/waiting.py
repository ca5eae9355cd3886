"""Who stands first in a pool's queue, with the names an admin knows them by."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from carrel.domain.ids import ClaimId, PoolName, UserId
from carrel.store import schema
from carrel.store.claim_rows import QUEUE, WAITING

_c = schema.claims
_u = schema.users

_FIRST = (
    sa.select(_c.c.id, _c.c.user_id, _u.c.name.label("person"), _c.c.created_at, _c.c.watched_at)
    .join_from(_c, _u, _u.c.id == _c.c.user_id)
    .where(_c.c.pool == sa.bindparam("pool"), WAITING)
    .order_by(*QUEUE)
    .limit(sa.bindparam("most", type_=sa.Integer()))
)


@dataclass(frozen=True, slots=True)
class Waiter:
    claim_id: ClaimId
    user_id: UserId
    name: str
    since: datetime
    watched_at: datetime
    """When they last showed that they still wait."""


def first(conn: Connection, pool: PoolName, most: int) -> list[Waiter]:
    rows = conn.execute(_FIRST, {"pool": pool, "most": most})
    return [Waiter(row.id, row.user_id, row.person, row.created_at, row.watched_at) for row in rows]
