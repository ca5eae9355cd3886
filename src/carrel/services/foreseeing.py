"""What the planner would make of a pool as it is: the view that predictions begin with. Changes nothing, and waits for no backend."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from carrel.domain.ids import BackendName
from carrel.domain.instance import Instance, InstanceState
from carrel.domain.pool import Pool
from carrel.domain.workspace import Phase, Workspace
from carrel.ports.driver import DriverError, brings_files_at_start, within
from carrel.rules.view import View
from carrel.services.context import Context
from carrel.store.facts import Facts, read_facts

LISTS_WITHIN: Final = 2.0
"""Seconds. Somebody looks at a form; the store alone says nearly as much."""


async def listed(ctx: Context, backend: BackendName) -> Sequence[Instance] | None:
    """None where the backend does not answer."""
    driver = ctx.drivers.get(backend)
    if driver is None:
        return None
    try:
        return await within(LISTS_WITHIN, driver.list(), what="list its instances")
    except DriverError:
        return None


def facts_of(conn: Connection, ctx: Context, pool: Pool) -> Facts | None:
    """None once the pool is gone."""
    at_start = brings_files_at_start(ctx.drivers.get(pool.backend))
    return read_facts(conn, pool.name, starts_with_home=at_start)


def view_of(facts: Facts, instances: Sequence[Instance] | None, listed_at: datetime) -> View:
    ours = {row.id for row in facts.workspaces}
    known = _believed(facts.workspaces) if instances is None else instances
    return View(
        listed_at=listed_at,
        template=facts.template,
        workspaces=tuple(facts.workspaces),
        instances=tuple(one for one in known if one.workspace_id in ours),
        claims=tuple(facts.claims),
        homes_elsewhere=facts.homes_elsewhere,
        starts_with_home=facts.starts_with_home,
    )


def _believed(rows: Iterable[Workspace]) -> list[Instance]:
    """What a backend that cannot be asked would show, if all is as it was when it last answered."""
    return [
        Instance(row.id, row.pool, InstanceState.RUNNING, row.endpoint, row.handle)
        for row in rows
        if row.phase is not Phase.PENDING
    ]
