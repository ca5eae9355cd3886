"""Migrations: they lead to exactly the tables the code knows, once, whoever runs them, and never back from the future."""

import re
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from carrel.domain.errors import Unavailable
from carrel.domain.ids import InstallationId
from carrel.store import installation, revision, schema
from carrel.store.engine import Store, open_store
from carrel.store.upgrade import configuration

MIGRATE = """
import asyncio, sys
from carrel.store.engine import open_store

async def main(url):
    store = open_store(url)
    await store.migrate()
    await store.aclose()

asyncio.run(main(sys.argv[1]))
"""

DEFINITIONS = {
    "sqlite": (
        "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'alembic%' AND name NOT LIKE 'sqlite%'"
    ),
    "postgresql": """
        SELECT conname, conrelid::regclass::text || ' ' || pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conname NOT LIKE 'alembic%'
        UNION SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND indexname NOT LIKE 'alembic%'
        UNION SELECT table_name || '.' || column_name, concat_ws(' ', data_type, is_nullable, column_default)
        FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE 'alembic%'
    """,
}
"""What Alembic does not compare: checks, conditions of partial indexes, names."""


def _run(conn: Connection, statement: str) -> None:
    conn.execute(sa.text(statement))


def _definitions(conn: Connection) -> list[tuple[str, ...]]:
    """A table's own lines sorted: in which order its constraints were named is nobody's business, nor that SQLite writes a
    column that was added later onto the line of the last one.
    """
    rows = conn.execute(sa.text(DEFINITIONS[conn.dialect.name]))
    return sorted(
        (name, *sorted(line.strip(" \t,") for line in re.split(r"\n|, (?=\w+ (?:TEXT|JSON|BIGINT))", text)))
        for name, text in rows
    )


async def test_the_migrations_lead_to_the_tables_of_the_code(store: Store) -> None:
    def differences(conn: Connection) -> list[Any]:
        return list(compare_metadata(MigrationContext.configure(conn), schema.metadata))

    assert await store.read(differences) == []


async def test_the_comparison_would_show_a_difference(store: Store) -> None:
    def differences(conn: Connection) -> list[Any]:
        changed = sa.MetaData()
        for table in schema.metadata.sorted_tables:
            table.to_metadata(changed)
        changed.tables["users"].append_column(sa.Column("nickname", sa.Text()))
        return list(compare_metadata(MigrationContext.configure(conn), changed))

    assert len(await store.read(differences)) == 1


async def test_constraints_and_indexes_are_word_for_word_those_of_the_code(
    store: Store, empty_url: str
) -> None:
    direct = open_store(empty_url)
    try:
        await direct.write(schema.metadata.create_all)
        expected = await direct.read(_definitions)
    finally:
        await direct.aclose()
    assert len(expected) > len(schema.metadata.tables)
    assert await store.read(_definitions) == expected


async def test_migrating_again_does_nothing(store: Store, world: Any) -> None:
    await store.write(installation.ensure, InstallationId("first"), world.now)
    before = await store.read(_definitions)
    await store.migrate()
    assert await store.read(_definitions) == before
    assert await store.write(installation.ensure, InstallationId("second"), world.now) == "first"


async def test_processes_that_migrate_at_once_do_not_meet(empty_url: str) -> None:
    started = [
        subprocess.Popen([sys.executable, "-c", MIGRATE, empty_url], stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for process in started:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
    store = open_store(empty_url)
    try:
        names = await store.read(lambda conn: set(sa.inspect(conn).get_table_names()))
    finally:
        await store.aclose()
    assert names == {*schema.metadata.tables, "alembic_version"}


async def test_tables_of_a_newer_version_are_refused(store: Store) -> None:
    await store.write(_run, "UPDATE alembic_version SET version_num = '9999'")
    try:
        with pytest.raises(Unavailable, match=r"newer Carrel \(revision 9999\)"):
            await store.migrate()
    finally:  # the next test gets the same database
        await store.write(_run, f"UPDATE alembic_version SET version_num = '{revision.HEAD}'")


async def test_a_database_without_tables_says_how_to_get_them(empty_url: str) -> None:
    store = open_store(empty_url)
    try:
        with pytest.raises(Unavailable, match="carrel migrate"):
            await store.write(installation.ensure, InstallationId("id"), datetime(2026, 1, 5, tzinfo=UTC))
    finally:
        await store.aclose()


async def test_a_migration_that_fails_leaves_nothing_behind(empty_url: str) -> None:
    store = open_store(empty_url)
    try:
        await store.write(_run, "CREATE TABLE workspaces (id TEXT)")
        with pytest.raises(sa.exc.DBAPIError):
            await store.migrate()
        assert await store.read(lambda conn: sa.inspect(conn).get_table_names()) == ["workspaces"]
    finally:
        await store.aclose()


HELD_BEFORE = """
INSERT INTO installation VALUES (1, 'i', '{at}');
INSERT INTO users (id, name, display_name, role, created_at) VALUES ('u', 'ann', 'Ann', 'user', '{at}');
INSERT INTO pools (name, definition, live_limit, live, created_at, changed_at) VALUES ('p', '{{}}', 9, 3, '{at}', '{at}');
INSERT INTO homes (id, user_id, name, created_at) VALUES ('h', 'u', 'default', '{at}');
INSERT INTO homes (id, user_id, name, created_at) VALUES ('unused', 'u', 'other', '{at}');
"""
CLAIM_BEFORE = """
INSERT INTO claims (id, user_id, pool, name, state, version, created_at, watched_at)
VALUES ('{id}', 'u', 'p', '{id}', '{state}', 1, '{at}', '{at}');
INSERT INTO workspaces (id, pool, template, template_version, backend, phase, desired, version, secret,
                        claim_id, owner, home_id, created_at, phase_at, gone_at)
VALUES ('w{id}', 'p', 't', '1', 'b', '{phase}', 'running', 1, 's', '{id}', 'u', 'h', '{at}', '{at}', {gone_at});
"""


async def test_what_people_hold_during_an_upgrade_has_their_files_in_it(empty_url: str) -> None:
    at = "2026-11-21T09:00:00.000000+00:00"

    def before(conn: Connection) -> None:
        config = configuration()
        config.attributes["connection"] = conn
        command.upgrade(config, "0002")
        script = HELD_BEFORE.format(at=at)
        for id_, state, phase in (("a", "released", "gone"), ("b", "held", "ready"), ("c", "held", "ready")):
            gone_at = f"'{at}'" if phase == "gone" else "NULL"
            script += CLAIM_BEFORE.format(id=id_, state=state, phase=phase, at=at, gone_at=gone_at)
        for statement in filter(str.strip, script.split(";")):
            _run(conn, statement)

    def after(conn: Connection) -> tuple[dict[str, str | None], dict[str, str | None]]:
        homes = conn.execute(sa.select(schema.homes.c.id, schema.homes.c.workspace_id))
        claims = conn.execute(sa.select(schema.claims.c.id, schema.claims.c.home_id))
        return {row.id: row.workspace_id for row in homes}, {row.id: row.home_id for row in claims}

    store = open_store(empty_url)
    try:
        await store.write(before)
        await store.migrate()
        assert await store.read(after) == ({"h": "wb", "unused": None}, {"a": None, "b": "h", "c": None})
    finally:
        await store.aclose()


def test_the_revisions_are_one_line() -> None:
    scripts = ScriptDirectory.from_config(configuration())
    assert len(scripts.get_heads()) == 1
    assert len(scripts.get_bases()) == 1


def test_the_revision_looked_for_is_the_newest_migration() -> None:
    assert ScriptDirectory.from_config(configuration()).get_current_head() == revision.HEAD
