"""What an actor may know of: somebody else's thing looks to them like one that does not exist."""

from carrel.domain.actor import Actor, System
from carrel.domain.errors import NotFound
from carrel.domain.ids import UserId
from carrel.rules.access import Action, is_admin, require


def require_seen(actor: Actor, action: Action, *, owner: UserId | None, thing: str) -> None:
    """Raises NotFound to those who may not even see it, Forbidden to those who may see it and not do this."""
    if not isinstance(actor, System) and actor.user_id != owner and not is_admin(actor):
        raise NotFound(f"There is no such {thing}.")
    require(actor, action, owner=owner)
