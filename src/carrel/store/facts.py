"""What one read of the store says about one pool: all that a plan for it needs besides the driver's list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from carrel.domain.claim import Claim
from carrel.domain.ids import ClaimId, PoolName
from carrel.domain.pool import Pool
from carrel.domain.template import Template
from carrel.domain.workspace import Workspace
from carrel.store import claims, homes, pools, templates, workspaces


@dataclass(frozen=True, slots=True)
class Facts:
    pool: Pool
    """Its policy as it is in force: a removed or drained one wants nothing warm."""
    template: Template | None
    workspaces: Sequence[Workspace]
    claims: Sequence[Claim]
    recipes: Mapping[str, Template]
    """Version → recipe, of this pool's workspaces."""
    homes_elsewhere: frozenset[ClaimId] = frozenset()
    """Claims whose home is still in another workspace."""
    starts_with_home: bool = False
    """As whoever read it said."""


def read_facts(conn: Connection, name: PoolName, *, starts_with_home: bool = False) -> Facts | None:
    """None once the pool is removed and empty. `starts_with_home`: its driver brings files in only as an instance starts."""
    pool = next((pool for pool in pools.reconciled(conn) if pool.name == name), None)
    if pool is None:
        return None
    rows = workspaces.of_pool(conn, name)
    versions = {(row.template, row.template_version) for row in rows}
    found = {version: templates.get(conn, template, version) for template, version in versions}
    elsewhere = homes.elsewhere(conn, name) if any(_awaits_home(row) for row in rows) else frozenset()
    return Facts(
        pool,
        templates.get(conn, pool.template),
        rows,
        claims.live(conn, name),
        {version: recipe for version, recipe in found.items() if recipe is not None},
        elsewhere | homes.elsewhere_still(conn, name) if starts_with_home else elsewhere,
        starts_with_home,
    )


def _awaits_home(row: Workspace) -> bool:
    return row.claim_id is not None and row.attached_at is None
