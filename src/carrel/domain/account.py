"""People, how they prove who they are, and the sessions and tokens they hold. Secrets appear here only as hashes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from carrel.domain.actor import Role, Scope
from carrel.domain.ids import SessionId, TokenId, UserId

FIRST_ADMIN: Final = "admin"
"""Who the sign-in link of each start, and CARREL_BOOTSTRAP_TOKEN, belong to."""


@dataclass(frozen=True, slots=True)
class User:
    id: UserId
    name: str
    """Unique, what they sign in with."""
    display_name: str
    role: Role
    created_at: datetime
    disabled_at: datetime | None = None
    last_seen_at: datetime | None = None
    email: str | None = None
    """For git, and for mail."""


@dataclass(frozen=True, slots=True)
class Session:
    id: SessionId
    user_id: UserId
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Token:
    id: TokenId
    user_id: UserId
    label: str
    scopes: frozenset[Scope]
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None
    made_by: UserId | None = None
    """Somebody else, an admin; None for one's own and for what the state directory's owner made."""
