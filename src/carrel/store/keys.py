"""The keys that sign tickets, shared by every replica. The first caller's candidate is kept; the newest signs, all verify."""

from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from carrel.store import schema

_k = schema.signing_keys
_EVERY = sa.select(_k).order_by(_k.c.created_at.desc(), _k.c.kid)
_INSERT = sa.insert(_k)


@dataclass(frozen=True, slots=True)
class SigningKey:
    kid: str
    private_pem: str = field(repr=False)
    created_at: datetime


def ensure(conn: Connection, kid: str, private_pem: str, now: datetime) -> list[SigningKey]:
    """All keys, newest first. Two replicas that start at the same moment may both add theirs; that harms nothing, since all verify."""
    if not every(conn):
        conn.execute(_INSERT, {"kid": kid, "private_pem": private_pem, "created_at": now})
    return every(conn)


def every(conn: Connection) -> list[SigningKey]:
    return [SigningKey(row.kid, row.private_pem, row.created_at) for row in conn.execute(_EVERY)]
