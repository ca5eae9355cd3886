"""Which tables this version works with, and whether a database has them. Alembic is loaded only where it has work to do: it takes 12 MB."""

import sqlalchemy as sa
from sqlalchemy import Connection

HEAD = "0003"
"""The newest migration; a test holds it to that."""

_VERSION = sa.table("alembic_version", sa.column("version_num", sa.String))


def bring_up(conn: Connection) -> None:
    """Raises Unavailable for the database of a newer version."""
    if _is_current(conn):
        return
    from carrel.store.upgrade import upgrade  # noqa: PLC0415 - loaded only when the tables change

    upgrade(conn)


def revision_of(conn: Connection) -> str | None:
    """None where there are no tables yet."""
    if not sa.inspect(conn).has_table(_VERSION.name):
        return None
    return conn.execute(sa.select(_VERSION.c.version_num)).scalars().one_or_none()


def _is_current(conn: Connection) -> bool:
    return revision_of(conn) == HEAD
