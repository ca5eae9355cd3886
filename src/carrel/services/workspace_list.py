"""Workspaces as lists: people look through their own, admins through everybody's and the warm ones."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from carrel.domain.actor import Actor
from carrel.domain.ids import PoolName
from carrel.domain.page import Page
from carrel.domain.workspace_list import Census, Listed, Order, Wanted
from carrel.rules.access import owner_filter
from carrel.rules.term import prospect
from carrel.services.context import Context
from carrel.services.updates import updatable
from carrel.store import pools, templates, workspace_list

NEWEST = Order()


@dataclass(frozen=True, slots=True)
class Overview:
    """One page of the list, and what a person needs to ask for another one."""

    page: Page[Listed]
    census: Census
    pools: Sequence[PoolName]
    """All there are, by name."""


async def page(
    ctx: Context,
    actor: Actor,
    wanted: Wanted,
    order: Order = NEWEST,
    *,
    after: str | None = None,
    limit: int = 50,
) -> Page[Listed]:
    """Each with its template. Raises Forbidden for somebody else's, Invalid for a cursor of another order."""
    visible = replace(wanted, owner=owner_filter(actor, wanted.owner))

    def read(conn: Connection) -> Page[Listed]:
        return _ahead(conn, ctx, _page(conn, visible, order, after, limit))

    return await ctx.store.read(read)


async def overview(
    ctx: Context,
    actor: Actor,
    wanted: Wanted,
    order: Order = NEWEST,
    *,
    after: str | None = None,
    limit: int = 50,
) -> Overview:
    """As `page`, with the counts around it; as few statements for a thousand workspaces as for one."""
    visible = replace(wanted, owner=owner_filter(actor, wanted.owner))

    def read(conn: Connection) -> Overview:
        found = _ahead(conn, ctx, workspace_list.page(conn, visible, order, after, limit))
        offered = [pool.name for pool in pools.reconciled(conn)]
        return Overview(found, workspace_list.census(conn, visible), offered)

    return await ctx.store.read(read)


def _page(conn: Connection, wanted: Wanted, order: Order, after: str | None, limit: int) -> Page[Listed]:
    found = workspace_list.page(conn, wanted, order, after, limit)
    recipes = templates.versions(
        conn, {(row.workspace.template, row.workspace.template_version) for row in found.items}
    )
    rows = [
        replace(row, template=recipes.get((row.workspace.template, row.workspace.template_version)))
        for row in found.items
    ]
    return Page(rows, found.next)


def _ahead(conn: Connection, ctx: Context, found: Page[Listed]) -> Page[Listed]:
    """When each stops, and why; and whether there is something newer."""
    newer = updatable(conn, [row.workspace for row in found.items])
    policies = {pool.name: pool for pool in pools.every(conn)}
    now = ctx.clock.now()
    rows = [
        replace(
            row,
            prospect=prospect(row.workspace, None, policies.get(row.workspace.pool), now, ctx.zone),
            has_update=row.workspace.id in newer,
        )
        for row in found.items
    ]
    return Page(rows, found.next)
