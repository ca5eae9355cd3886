"""One workspace with all that its page tells: whose it is, what it runs, when it stops, what happened. The log is asked for apart: its
backend may be slow.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from carrel.domain.actor import Actor
from carrel.domain.claim import Claim
from carrel.domain.event import Event
from carrel.domain.ids import WorkspaceId
from carrel.domain.instance import Ailment
from carrel.domain.pool import Pool
from carrel.domain.prospect import Prospect
from carrel.domain.template import Template
from carrel.domain.workspace import Desired, Phase, Workspace
from carrel.ports.driver import Logs, Restarts
from carrel.rules.access import Action
from carrel.rules.ailing import now_of
from carrel.rules.term import prospect
from carrel.rules.view import is_ending
from carrel.services.context import Context
from carrel.services.updates import updatable
from carrel.services.visibility import seen_workspace
from carrel.store import claims, events, pools, templates, users


@dataclass(frozen=True, slots=True)
class Details:
    workspace: Workspace
    events: Sequence[Event]
    """The claim's and the workspace's, as they stand in both timelines."""
    template: Template | None = None
    pool: Pool | None = None
    """None where it was removed."""
    claim: Claim | None = None
    prospect: Prospect | None = None
    """When it stops, and why; None where nobody holds it, or it does so already."""
    owner_name: str | None = None
    has_update: bool = False
    """The template has a newer version than it runs."""

    @property
    def ailment(self) -> Ailment | None:
        """What it suffers from now."""
        return None if is_ending(self.workspace) else now_of(self.events)


async def get(ctx: Context, actor: Actor, workspace_id: WorkspaceId) -> Details:
    """A gone one is still shown. Raises NotFound, also for somebody else's."""
    return await ctx.store.read(_get, ctx, actor, workspace_id)


def can_restart(ctx: Context, workspace: Workspace) -> bool:
    """It is ready, and its backend knows how."""
    driver: object = ctx.drivers.get(workspace.backend)
    is_up = workspace.phase is Phase.READY and workspace.desired is Desired.RUNNING
    return is_up and isinstance(driver, Restarts)


def has_log(ctx: Context, workspace: Workspace) -> bool:
    """Something of it is there still, and its backend keeps what it prints."""
    driver: object = ctx.drivers.get(workspace.backend)
    return workspace.is_live and isinstance(driver, Logs)


def _get(conn: Connection, ctx: Context, actor: Actor, workspace_id: WorkspaceId) -> Details:
    row = seen_workspace(conn, actor, Action.SEE, workspace_id)
    claim = claims.get(conn, row.claim_id) if row.claim_id is not None else None
    told = [] if claim is None else events.of_claim(conn, claim.id)
    pool = pools.get(conn, row.pool)
    owner = users.get(conn, row.owner) if row.owner is not None else None
    return Details(
        workspace=row,
        events=[*told, *events.of_workspace(conn, row.id)],
        template=templates.get(conn, row.template, row.template_version),
        pool=pool,
        claim=claim,
        prospect=prospect(row, claim, pool, ctx.clock.now(), ctx.zone),
        owner_name=owner.name if owner is not None else None,
        has_update=row.id in updatable(conn, [row], row.pool),
    )
