"""Statements whose words differ between the engines, built once for each and picked by the connection. Nothing else may ask for the engine's name."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.base import Executable

Insert = Any
"""`sqlite.Insert` or `postgresql.Insert`: their `on_conflict_do_…` are spelt alike and have no common class."""


class PerEngine:
    """`PerEngine(table, build)`: `build` is handed each engine's own INSERT into the table and returns the whole statement."""

    __slots__ = ("_statements",)

    def __init__(self, table: Table, build: Callable[[Insert], Executable]) -> None:
        self._statements: dict[str, Executable] = {
            "sqlite": build(sqlite.insert(table)),
            "postgresql": build(postgresql.insert(table)),
        }

    def on(self, conn: Connection) -> Executable:
        return self._statements[conn.dialect.name]

    def replace(self, engine: str, statement: Executable) -> "PerEngine":
        """The same for every engine but this one."""
        self._statements[engine] = statement
        return self
