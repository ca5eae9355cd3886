"""Stopping several workspaces at once: what would happen is told first, and then done to each as if it were the only one."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from carrel.domain.actor import Actor
from carrel.domain.errors import Invalid, NotFound
from carrel.domain.ids import WorkspaceId
from carrel.domain.workspace import Desired, Phase
from carrel.domain.workspace_list import Listed
from carrel.rules.access import Action, require
from carrel.services import workspaces
from carrel.services.context import Context
from carrel.store import workspace_list

MOST = 200


@dataclass(frozen=True, slots=True)
class Consequences:
    held: Sequence[Listed]
    """Whose people will be cut off."""
    unheld: Sequence[Listed]
    """Warm ones, and others that nobody misses; their pools start new ones as they need them."""
    ending: Sequence[Listed]
    """On their way out, or gone: nothing happens to them."""

    @property
    def people(self) -> Sequence[str]:
        """By name, each once."""
        return sorted({row.owner_name for row in self.held if row.owner_name})

    @property
    def to_stop(self) -> Sequence[Listed]:
        return [*self.held, *self.unheld]


async def foresee(ctx: Context, actor: Actor, ids: Sequence[WorkspaceId]) -> Consequences:
    """For admins. Unknown ones are left out. Raises Invalid for too many."""
    require(actor, Action.ADMINISTER)
    if len(ids) > MOST:
        raise Invalid(f"At most {MOST} workspaces are stopped at once. Choose fewer.")
    rows = await ctx.store.read(workspace_list.some, ids)
    over = [row for row in rows if _is_ending(row)]
    rest = [row for row in rows if not _is_ending(row)]
    return Consequences(
        held=[row for row in rest if row.workspace.claim_id is not None],
        unheld=[row for row in rest if row.workspace.claim_id is None],
        ending=over,
    )


async def stop_all(ctx: Context, actor: Actor, ids: Sequence[WorkspaceId]) -> int:
    """How many were stopped. One that went meanwhile is no failure."""
    found = await foresee(ctx, actor, ids)
    for row in found.to_stop:
        with suppress(NotFound):
            await workspaces.stop(ctx, actor, row.workspace.id)
    return len(found.to_stop)


def _is_ending(row: Listed) -> bool:
    found = row.workspace
    return found.desired is Desired.GONE and found.phase in (Phase.STOPPING, Phase.GONE)
