"""Is this replica fit to be asked? Looks at what it needs; changes nothing and needs nobody's permission."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from carrel.domain.errors import Unavailable
from carrel.ports.driver import DriverError
from carrel.services.context import Context

PATIENCE: Final = 2.0
"""Seconds. What does not answer within them is away."""


@dataclass(frozen=True, slots=True)
class Health:
    store: bool
    """It answers."""
    writes: bool
    """It took what was last written: one whose disk is full answers, and nobody can sign in."""
    backends: dict[str, bool]
    """A backend that is away makes its pools wait; it does not make this replica unfit."""

    @property
    def is_fit(self) -> bool:
        return self.store and self.writes


async def look(ctx: Context) -> Health:
    async with asyncio.TaskGroup() as group:
        store = group.create_task(
            _answers(ctx.store.read(lambda conn: conn.execute(sa.select(1)).scalar_one()))
        )
        backends = {name: group.create_task(_answers(driver.list())) for name, driver in ctx.drivers.items()}
    found: dict[str, bool] = {name: task.result() for name, task in backends.items()}
    return Health(store.result(), ctx.store.is_writable, found)


async def _answers(question: Awaitable[object]) -> bool:
    try:
        async with asyncio.timeout(PATIENCE):
            await question
    except (TimeoutError, OSError, DriverError, sa.exc.SQLAlchemyError, Unavailable):
        return False
    return True
