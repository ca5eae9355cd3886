"""Keeps this replica's data plane told who is where. The only caller of `DataPlane.publish`; decides nothing, `rules.endpoints` does."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

import structlog
from sqlalchemy import Connection

from carrel.domain.endpoint import Endpoint
from carrel.domain.errors import Unavailable
from carrel.domain.ids import TemplateName, WorkspaceId
from carrel.domain.template import Template
from carrel.domain.workspace import Workspace
from carrel.ports.clock import Clock
from carrel.ports.dataplane import DataPlane
from carrel.ports.wake import ROUTES, Wake
from carrel.rules.endpoints import REST_OF_AN_ADDRESS, Refusal, Surroundings, table
from carrel.rules.withdrawals import current
from carrel.store import templates, withdrawals, workspaces
from carrel.store.engine import Store

_log = structlog.get_logger(__name__)

LOOK_EVERY = 5.0
"""Seconds. Wake-ups are hints; this repairs a lost one, and ends withdrawals whose time is over."""


@dataclass(frozen=True, slots=True)
class _Rows:
    workspaces: list[Workspace]
    templates: dict[tuple[TemplateName, str], Template]
    recent: list[tuple[Endpoint, WorkspaceId, datetime]]


def _rows(conn: Connection, now: datetime) -> _Rows:
    rows = workspaces.routable(conn)
    versions = {(row.template, row.template_version) for row in rows}
    known = {key: templates.get(conn, *key) for key in versions}
    return _Rows(
        rows,
        {key: template for key, template in known.items() if template is not None},
        workspaces.recent_addresses(conn, now - REST_OF_AN_ADDRESS),
    )


@dataclass(slots=True)
class Publisher:
    store: Store
    clock: Clock
    wake: Wake
    dataplane: DataPlane
    our_ports: Collection[int] = ()
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _coming: asyncio.Task[None] | None = None
    _told: frozenset[Refusal] = frozenset()

    async def publish(self) -> None:
        """Returns once the files say what the store said when this was called. Raises Unavailable.

        Whoever comes while the next one still waits for its turn shares it: a class that leaves costs a few tables, not one each.
        """
        if self._coming is None:
            self._coming = asyncio.create_task(self._publish())
            self._coming.add_done_callback(_heard)
        await asyncio.shield(self._coming)

    async def _publish(self) -> None:
        async with self._lock:
            self._coming = None
            now = self.clock.now()
            rows = await self.store.read(_rows, now)
            found = table(
                rows.workspaces,
                rows.templates,
                surroundings=Surroundings(rows.recent, self.our_ports),
                now=now,
            )
            self._tell(frozenset(found.refused))
            await self._written(partial(self.dataplane.publish, found.routes))

    async def withdraw(self) -> None:
        async with self._lock:
            now = self.clock.now()
            known = current(await self.store.read(withdrawals.current, now), now)
            await self._written(partial(self.dataplane.withdraw, known))

    async def _written(self, write: Callable[[], Awaitable[None]]) -> None:
        """What the store took must reach the data plane too: who was given a workspace goes in, and who signed out does not."""
        try:
            await write()
        except Unavailable:
            if not await self.store.make_room():
                raise
            await write()

    async def run(self) -> None:
        ear = self.wake.ear([ROUTES])
        try:
            while True:
                try:
                    await self.publish()
                    await self.withdraw()
                except Unavailable as error:
                    _log.error("routes not published", why=error.sentence)
                await ear.wait(LOOK_EVERY)
        finally:
            ear.close()

    def _tell(self, refused: frozenset[Refusal]) -> None:
        for refusal in refused - self._told:
            _log.warning("workspace not routed", workspace=refusal.workspace_id, why=refusal.sentence)
        self._told = refused


def _heard(task: asyncio.Task[None]) -> None:
    """Whoever gave up waiting does not hear of a failure; the next look repairs it."""
    if not task.cancelled():
        task.exception()
