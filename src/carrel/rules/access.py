"""The one permission rule: may this actor do this to that person's things? Services and `authorize` ask here.

It knows roles, scopes and ownership. Whether the thing exists, or can be used just now, is asked elsewhere.
"""

from enum import StrEnum
from typing import Final

from carrel.domain.actor import Actor, Person, Role, Scope, System, TokenHolder
from carrel.domain.errors import Forbidden
from carrel.domain.ids import UserId


class Action(StrEnum):
    SEE_POOLS = "see_pools"
    """What is offered to everybody: pools, templates."""
    SEE = "see"
    """What belongs to one person: claims, workspaces, homes, tokens, and their timelines."""
    SEE_LOG = "see_log"
    CLAIM = "claim"
    RELEASE = "release"
    RESTART = "restart"
    EXTEND = "extend"
    REPORT = "report"
    """Tell the admins about one person's workspace."""
    KEEP_TOKENS = "keep_tokens"
    """Make and revoke one person's API tokens."""
    KEEP_HOMES = "keep_homes"
    """Make, name, delete and have back one person's homes."""
    TAKE_FILES = "take_files"
    """Download what is in one person's homes."""
    KEEP_VARIABLES = "keep_variables"
    """Set and forget what one person's workspaces are given. Nobody is told a value."""
    ENTER = "enter"
    """Go inside one person's workspace."""
    ADMINISTER = "administer"
    """Change users, pools, templates; read everybody's things and the audit."""


_NEEDED: Final[dict[Action, Scope]] = {
    Action.SEE_POOLS: Scope.READ,
    Action.SEE: Scope.READ,
    Action.SEE_LOG: Scope.READ,
    Action.CLAIM: Scope.USE,
    Action.RELEASE: Scope.USE,
    Action.RESTART: Scope.USE,
    Action.EXTEND: Scope.USE,
    Action.REPORT: Scope.USE,
    Action.KEEP_TOKENS: Scope.ADMIN,  # a leaked token must not be able to make itself a successor
    Action.KEEP_HOMES: Scope.USE,
    Action.TAKE_FILES: Scope.USE,  # whoever may enter a workspace could read them there
    Action.KEEP_VARIABLES: Scope.USE,
    Action.ENTER: Scope.USE,
    Action.ADMINISTER: Scope.ADMIN,
}

_IMPLIED: Final[dict[Scope, frozenset[Scope]]] = {
    Scope.READ: frozenset({Scope.READ}),
    Scope.USE: frozenset({Scope.READ, Scope.USE}),
    Scope.ADMIN: frozenset(Scope),
}


def effective_scopes(role: Role, scopes: frozenset[Scope]) -> frozenset[Scope]:
    """The wider scope holds the narrower ones, and `admin` counts only while its holder is an admin."""
    counting = [scope for scope in scopes if scope is not Scope.ADMIN or role is Role.ADMIN]
    return frozenset(implied for scope in counting for implied in _IMPLIED[scope])


def is_admin(actor: Actor) -> bool:
    """May act on other people's things."""
    match actor:
        case System():
            return True
        case Person():
            return actor.role is Role.ADMIN
        case TokenHolder():
            return Scope.ADMIN in effective_scopes(actor.role, actor.scopes)


def owns(actor: Actor, owner: UserId | None) -> bool:
    return not isinstance(actor, System) and owner is not None and actor.user_id == owner


def may(actor: Actor, action: Action, *, owner: UserId | None = None) -> bool:
    """`owner` is whose thing it is; None where it is nobody's (a warm workspace), which leaves it to admins."""
    if action is Action.ENTER or (action is Action.TAKE_FILES and not isinstance(actor, System)):
        return _may_enter(actor, owner)
    if isinstance(actor, System):
        return True
    if _lacks_scope(actor, action):
        return False
    if action is Action.SEE_POOLS:
        return True
    if action is Action.ADMINISTER:
        return is_admin(actor)
    return owns(actor, owner) or is_admin(actor)


def require(actor: Actor, action: Action, *, owner: UserId | None = None) -> None:
    """Raises Forbidden with a sentence that says what is missing, never whose the thing is."""
    if not may(actor, action, owner=owner):
        raise Forbidden(refusal(actor, action))


def owner_filter(actor: Actor, wanted: UserId | None) -> UserId | None:
    """Whose rows a list may show: people their own, admins the wanted person's or, with None, everybody's.

    Raises Forbidden for somebody else's.
    """
    if wanted is None and not isinstance(actor, System) and not is_admin(actor):
        wanted = actor.user_id
    require(actor, Action.SEE, owner=wanted)
    return wanted


def refusal(actor: Actor, action: Action) -> str:
    if _lacks_scope(actor, action):
        return f'This token may not do that. Use one with the scope "{_NEEDED[action].value}".'
    if action is Action.ADMINISTER:
        return "Only an admin may do that."
    if action is Action.ENTER:
        return "This workspace belongs to somebody else."
    if action is Action.TAKE_FILES:
        return "These files belong to somebody else. Only an admin who is signed in with a browser may download them."
    return "That belongs to somebody else."


def _lacks_scope(actor: Actor, action: Action) -> bool:
    return isinstance(actor, TokenHolder) and _NEEDED[action] not in effective_scopes(
        actor.role, actor.scopes
    )


def _may_enter(actor: Actor, owner: UserId | None) -> bool:
    """A script enters its own person's workspaces only; an admin goes into somebody else's in person, and audited."""
    match actor:
        case System():
            return False
        case Person():
            return owner is not None and (actor.user_id == owner or actor.role is Role.ADMIN)
        case TokenHolder():
            return owns(actor, owner) and not _lacks_scope(actor, Action.ENTER)
