"""Bringing a database to this version of the tables, on a connection whose transaction the caller holds."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from carrel.domain.errors import Unavailable

_LOCK = 0x63617272656C
"""PostgreSQL's advisory locks have numbers for names; this one spells ours."""


def upgrade(conn: Connection) -> None:
    """All or nothing. Whoever comes second waits and then finds nothing to do. Raises Unavailable for a newer version's database."""
    if conn.dialect.name == "postgresql":
        conn.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK})
    config = configuration()
    _refuse_the_future(conn, ScriptDirectory.from_config(config))
    config.attributes["connection"] = conn
    command.upgrade(config, "head")


def configuration() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config


def _refuse_the_future(conn: Connection, scripts: ScriptDirectory) -> None:
    known = {revision.revision for revision in scripts.walk_revisions()}
    unknown = set(MigrationContext.configure(conn).get_current_heads()) - known
    if unknown:
        raise Unavailable(
            f"The tables were made by a newer Carrel (revision {', '.join(sorted(unknown))}). "
            "Start that version, or put back a backup from before the upgrade."
        )
