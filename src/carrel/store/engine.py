"""Opening a store by its address. One call of `read` or `write` is one function, one transaction and one hop out of the event loop."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from sqlalchemy import Connection
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from carrel.domain.errors import Invalid, Unavailable
from carrel.store.ballast import Ballast
from carrel.store.sqlite import SqliteStore

P = ParamSpec("P")
T = TypeVar("T")


class Store(Protocol):
    """All methods raise Unavailable, with a sentence that says what to do, when the database is away, full or unreadable."""

    async def read(self, fn: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """`fn` sees one consistent moment and may not write."""
        ...

    async def write(
        self, fn: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """All that `fn` writes, or nothing if it raises. It may be run again from the start when two transactions collide, so it

        must touch nothing but its connection. A cancelled caller leaves a transaction whole: done or not begun.
        """
        ...

    @property
    def is_writable(self) -> bool:
        """Whether what was last to be written was written; asks nobody."""
        ...

    async def keep_room(self) -> None:
        """Set some aside for when the disk is full, where the engine needs that and the disk has plenty. Repeating it is harmless."""
        ...

    async def make_room(self) -> bool:
        """Whether the disk was full, and has a little room now for what else Carrel must write there."""
        ...

    async def migrate(self) -> None:
        """Bring the tables to this version. Safe when several processes do it at once; refuses what a newer version wrote."""
        ...

    async def aclose(self) -> None: ...


def make_room(url: str) -> None:
    """Before a start writes anything: on a full disk it begins with what was set aside for that. Raises nothing."""
    with suppress(ArgumentError):
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite" and parsed.database:
            Ballast(Path(parsed.database).absolute()).give_if_full()


def open_store(url: str) -> Store:
    """`sqlite:///path/to/file` or `postgresql+asyncpg://user@host/database`. Raises Invalid, Unavailable."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise Invalid(
            "The store's address is not one. Write sqlite:///path or postgresql+asyncpg://user@host/name."
        ) from error
    if parsed.get_backend_name() == "sqlite":
        return SqliteStore(parsed)
    if parsed.get_backend_name() == "postgresql":
        try:
            from carrel.store.postgres import PostgresStore  # noqa: PLC0415 - asyncpg is an optional extra
        except ImportError as error:
            raise Unavailable("PostgreSQL needs an extra: install carrel[postgresql].") from error
        return PostgresStore(parsed)
    raise Invalid(f"Carrel stores its state in SQLite or PostgreSQL, not in {parsed.get_backend_name()!r}.")
