"""Looks after homes that nobody asks about: removes the files of those deleted long enough ago, and measures the others.

Each home by itself, so that one that is huge, or whose backend is away, holds nobody up.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import Connection

from carrel.domain.actor import System
from carrel.domain.errors import Unavailable
from carrel.domain.home import Home, called
from carrel.domain.ids import HomeId
from carrel.domain.units import rough_size
from carrel.ports.driver import DriverError, KeepsHomes, within
from carrel.rules.home_size import has_outgrown
from carrel.services.context import Context
from carrel.services.homes import keeper_of
from carrel.store import audit, events, home_list, homes

EVERY: Final = 60.0
"""Seconds between two looks."""
MEASURED_EVERY: Final = timedelta(days=1)
"""Besides once after every time it came out of a workspace."""
MEASURES_WITHIN: Final = 600.0
REMOVES_WITHIN: Final = 600.0
"""Seconds for one home."""
AGAIN_AFTER: Final = timedelta(hours=1)
"""When one is tried again that could not be measured or removed."""
AT_ONCE: Final = 2
"""More would keep the disk from those who work on it."""
BATCH: Final = 50

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class HomeKeeper:
    ctx: Context
    _put_off: dict[HomeId, datetime] = field(default_factory=dict)
    """Until when those are left alone that went wrong."""

    async def run(self) -> None:
        """For ever; with several replicas each does it, which is harmless."""
        while True:
            await self.remove_deleted()
            await self.measure()
            await self.ctx.clock.sleep(EVERY)

    async def remove_deleted(self) -> int:
        """First it can no longer be had back, then its files go, then its row: whatever stops us in between, the next look goes on
        from there. How many are gone for good.
        """
        before = self.ctx.clock.now() - self.ctx.keep_deleted_homes
        found = await self.ctx.store.read(home_list.removable, before, BATCH, leave_out=self._left_alone())
        return await self._each(found, lambda home: self._remove(home, before))

    async def measure(self) -> int:
        """How many were measured."""
        places = {driver.home_place for driver in self.ctx.drivers.values() if isinstance(driver, KeepsHomes)}
        before = self.ctx.clock.now() - MEASURED_EVERY
        found = await self.ctx.store.read(
            home_list.measurable, places, before, BATCH, leave_out=self._left_alone()
        )
        return await self._each(found, self._measure)

    def _left_alone(self) -> set[HomeId]:
        now = self.ctx.clock.now()
        self._put_off = {home_id: until for home_id, until in self._put_off.items() if until > now}
        return set(self._put_off)

    async def _each(self, found: Sequence[Home], work: Callable[[Home], Awaitable[bool]]) -> int:
        room = asyncio.Semaphore(AT_ONCE)

        async def one(home: Home) -> bool:
            async with room:
                try:
                    return await work(home)
                except Unavailable:
                    raise
                except DriverError as error:
                    _log.warning("home put off", home=home.id, why=error.sentence)
                except Exception:  # noqa: BLE001 - a mistake about one home must hold up no other; the traceback is logged
                    _log.exception("home put off by mistake", home=home.id)
                self._put_off[home.id] = self.ctx.clock.now() + AGAIN_AFTER
                return False

        return sum(await asyncio.gather(*(one(home) for home in found)))

    async def _remove(self, home: Home, before: datetime) -> bool:
        driver = keeper_of(self.ctx, home)
        if driver is None and home.place is not None:
            self._put_off[home.id] = self.ctx.clock.now() + AGAIN_AFTER
            return False
        if not await self.ctx.store.write(home_list.begin_removal, home.id, before):
            return False
        if driver is not None:
            await within(REMOVES_WITHIN, driver.remove_home(home.id), what="remove the files")
        return await self.ctx.store.write(_forget, home, self.ctx.clock.now())

    async def _measure(self, home: Home) -> bool:
        driver = keeper_of(self.ctx, home)
        if driver is None:
            return False
        began = self.ctx.clock.now()
        size = await within(MEASURES_WITHIN, driver.measure_home(home.id), what="measure the files")
        await self.ctx.store.write(_put_size, home, size, self.ctx.home_size_warning, began)
        return True


def _put_size(conn: Connection, home: Home, size: int, most: int | None, now: datetime) -> None:
    before = homes.get(conn, home.id)
    homes.put_size(conn, home.id, size, now)
    if before is None or not has_outgrown(before.size_bytes, size, most):
        return
    sentence = f"It was measured at {rough_size(size)}, more than is meant for one home."
    events.about_home(conn, now, "outgrown", sentence, home_id=home.id)
    detail = f"{home.name} of user {home.user_id}: {rough_size(size)}"
    audit.add(conn, now, audit.name_of(System()), "warn_home_size", f"home:{home.id}", detail)


def _forget(conn: Connection, home: Home, now: datetime) -> bool:
    """Its row stays while the row of a former workspace names it; it is asked about again once that is forgotten."""
    if not home_list.remove(conn, home.id):
        return False
    events.forget_home(conn, home.id)
    detail = f"{called(home.name)} of user {home.user_id}"
    audit.add(conn, now, audit.name_of(System()), "remove_home", f"home:{home.id}", detail)
    return True
