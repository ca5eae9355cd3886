"""The kinds of columns our tables are made of, so that both engines store the same things alike. Names no table."""

from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

_WIDTH = len("2026-01-31 23:59:59.000000")
"""Every time has this width as text, so that text order is time order; the zone, always UTC, is left out."""


class Moment(TypeDecorator[datetime]):
    """A time in UTC with microseconds: aware in Python, `timestamptz` on PostgreSQL, sortable text on SQLite."""

    impl = sa.DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sa.Text())
        return dialect.type_descriptor(sa.DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("A time without a zone reached the store.")
        utc = value.astimezone(UTC)
        return utc.isoformat(" ", "microseconds")[:_WIDTH] if dialect.name == "sqlite" else utc

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if isinstance(value, str):
            return datetime.fromisoformat(value).replace(tzinfo=UTC)
        found: datetime = value
        return found.astimezone(UTC)


NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""A key that counts up by itself; SQLite does that for its plain INTEGER only."""


def identifier(name: str = "id", *constraints: Any, **options: Any) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), *constraints, **options)


def moment(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, Moment(), nullable=nullable)


def one_of(column: str, values: Iterable[StrEnum]) -> sa.CheckConstraint:
    """Sorted, so that the migration's text and ours are the same."""
    listed = ", ".join(f"'{value}'" for value in sorted(values))
    return sa.CheckConstraint(f"{column} IN ({listed})", name=column)
