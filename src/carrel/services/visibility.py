"""Whose things an actor means, and which they may know of: somebody else's looks to them like one that does not exist."""

from sqlalchemy import Connection

from carrel.domain.actor import Actor, System
from carrel.domain.claim import Claim
from carrel.domain.errors import Invalid, NotFound
from carrel.domain.ids import ClaimId, UserId, WorkspaceId
from carrel.domain.workspace import Workspace
from carrel.rules.access import Action, is_admin, require
from carrel.store import claims, workspaces


def oneself(actor: Actor) -> UserId:
    """Who is meant where nobody is named. Raises Invalid for the machine's owner, who is no person."""
    if isinstance(actor, System):
        raise Invalid("Say for whom: with --user NAME on the command line, with the user's id in the API.")
    return actor.user_id


def seen_claim(conn: Connection, actor: Actor, action: Action, claim_id: ClaimId) -> Claim:
    """Raises NotFound, also for somebody else's, and Forbidden."""
    found = claims.get(conn, claim_id)
    if found is None:
        raise NotFound("There is no such claim.")
    require_seen(actor, action, owner=found.user_id, thing="claim")
    return found


def seen_workspace(conn: Connection, actor: Actor, action: Action, workspace_id: WorkspaceId) -> Workspace:
    """A gone one is still found. Raises NotFound, also for somebody else's, and Forbidden."""
    found = workspaces.get(conn, workspace_id)
    if found is None:
        raise NotFound("There is no such workspace.")
    require_seen(actor, action, owner=found.owner, thing="workspace")
    return found


def require_seen(actor: Actor, action: Action, *, owner: UserId | None, thing: str) -> None:
    """Raises NotFound to those who may not even see it, Forbidden to those who may see it and not do this."""
    if not isinstance(actor, System) and actor.user_id != owner and not is_admin(actor):
        raise NotFound(f"There is no such {thing}.")
    require(actor, action, owner=owner)
