"""The store on PostgreSQL, for several replicas. The same functions as on SQLite, run on a connection of a pool."""

import asyncio
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

import asyncpg as asyncpg  # noqa: PLC0414 - fails here, at the import, where the extra is not installed
from sqlalchemy import Connection
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from carrel.domain.errors import Unavailable
from carrel.store.explain import explain, sqlstate
from carrel.store.revision import bring_up

P = ParamSpec("P")
T = TypeVar("T")

_COLLISIONS = frozenset({"40001", "40P01"})
"""Serialization failure and deadlock: nothing happened, and the next try will most likely succeed."""
_SAME_NUMBER = "pk_events"
"""Two wrote the next line of one timeline, each holding another row that the line is about: as a deadlock."""

_TRIES = 5
_CONNECTIONS = 8
_MORE_CONNECTIONS = 8


class PostgresStore:
    def __init__(self, url: URL) -> None:
        self._where = f"PostgreSQL at {url.render_as_string(hide_password=True)}"
        self._engine = create_async_engine(
            url.set(drivername="postgresql+asyncpg"),
            pool_size=_CONNECTIONS,
            max_overflow=_MORE_CONNECTIONS,
            pool_pre_ping=True,
            hide_parameters=True,
        )
        self._has_failed = False
        self._reading = self._engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )

    async def read(self, fn: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._run(self._reading, fn, *args, **kwargs)

    async def write(
        self, fn: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        try:
            result = await self._run(self._engine, fn, *args, **kwargs)
        except Unavailable:
            self._has_failed = True
            raise
        self._has_failed = False
        return result

    @property
    def is_writable(self) -> bool:
        return not self._has_failed

    async def keep_room(self) -> None:
        """Its disk is the server's to look after."""

    async def make_room(self) -> bool:
        return False

    async def migrate(self) -> None:
        await self.write(bring_up)

    async def aclose(self) -> None:
        await self._engine.dispose()

    async def _run(
        self,
        engine: AsyncEngine,
        fn: Callable[Concatenate[Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        for left in reversed(range(_TRIES)):
            try:
                async with engine.begin() as connection:
                    return await connection.run_sync(fn, *args, **kwargs)
            except (DBAPIError, OSError, TimeoutError) as error:
                if left and isinstance(error, DBAPIError) and _is_collision(error):
                    await asyncio.sleep(0)
                    continue
                explained = explain(error, self._where, reading=engine is self._reading)
                if explained is None:
                    raise
                raise explained from error
        raise AssertionError("unreachable: the last try returns or raises")


def _is_collision(error: DBAPIError) -> bool:
    told = error.orig.__cause__ if error.orig is not None else None
    return sqlstate(error) in _COLLISIONS or getattr(told, "constraint_name", None) == _SAME_NUMBER
