"""What the settings say becomes what the store holds: templates and pools, with a line for every difference. Touches no workspace."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from carrel.domain.errors import Conflict
from carrel.domain.pool import Pool
from carrel.domain.reason import Reason, ReasonCode
from carrel.domain.template import Template
from carrel.rules.difference import Difference, differences
from carrel.store import audit, claims, pools, templates

_NOT_OFFERED = Reason(ReasonCode.STOPPED_BY_ADMIN, "This pool is no longer offered.")


def configure(
    conn: Connection, wanted_templates: Iterable[Template], wanted_pools: Iterable[Pool], now: datetime
) -> list[Difference]:
    """One transaction. Pools and templates that the settings no longer name are retired: what people hold goes on until released.

    Raises Conflict for a pool that is to move to another backend while something of it runs.
    """
    found = [*_templates(conn, list(wanted_templates), now), *_pools(conn, list(wanted_pools), now)]
    for difference in found:
        audit.add(conn, now, "settings", "configure", difference.where, str(difference))
    return found


def resume(conn: Connection, now: datetime) -> None:
    """Whoever waited while nobody could be asked has not gone away: their time begins anew."""
    for pool in pools.reconciled(conn):
        claims.watch_waiting(conn, pool.name, now)


def _templates(conn: Connection, wanted: list[Template], now: datetime) -> Iterable[Difference]:
    known = {template.name: template for template in templates.every(conn)}
    for template in wanted:
        old = known.pop(template.name, None)
        if old is None or old.version != template.version:
            templates.put(conn, template, now)
            yield from _differences(f"templates.{template.name}", old, template)
    for name in known:
        templates.retire(conn, name)
        yield Difference(f"templates.{name}", "offered", "no longer offered")


def _pools(conn: Connection, wanted: list[Pool], now: datetime) -> Iterable[Difference]:
    known = {pool.name: pool for pool in pools.every(conn)}
    _refuse_moves(conn, wanted)
    for pool in wanted:
        old = known.pop(pool.name, None)
        if old != pool:
            pools.put(conn, pool, now)
            yield from _differences(f"pools.{pool.name}", old, pool)
    for name in known:
        pools.remove(conn, name, now)
        for claim in claims.waiting(conn, name):
            claims.release(conn, claim.id, _NOT_OFFERED, now)
        yield Difference(f"pools.{name}", "offered", "no longer offered")


def _refuse_moves(conn: Connection, wanted: list[Pool]) -> None:
    """A pool is looked for on its own backend alone: what runs on the former one would count as lost, and run on unseen."""
    running = {pool.name: pool for pool in pools.reconciled(conn)}
    for pool in wanted:
        old = running.get(pool.name)
        many = pools.live(conn, pool.name)
        if old is not None and old.backend != pool.backend and many:
            raise Conflict(
                f'pools.{pool.name}.backend cannot become "{pool.backend}" while {many} of its workspaces run on '
                f'"{old.backend}". Give the pool on the new backend another name, or start Carrel once more with the '
                "old one and end it with Ctrl-C, which ends the workspaces too."
            )


def _differences(where: str, old: Template | Pool | None, new: Template | Pool) -> Iterable[Difference]:
    return [Difference(where, "unknown", "offered")] if old is None else differences(where, old, new)
