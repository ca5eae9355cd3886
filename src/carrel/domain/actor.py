"""Who asks. Identity comes from a credential that was checked, never from a body or a path."""

from dataclasses import dataclass
from enum import StrEnum

from carrel.domain.ids import SessionId, TokenId, UserId


class Role(StrEnum):
    USER = "user"
    ADMIN = "admin"


class Scope(StrEnum):
    """What a token may be used for; a person in a browser has them all. `admin` counts only while its user is an admin."""

    READ = "read"
    USE = "use"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody signed in with a browser."""

    user_id: UserId
    name: str
    role: Role
    session_id: SessionId


@dataclass(frozen=True, slots=True)
class TokenHolder:
    """A script with an API token of somebody."""

    user_id: UserId
    name: str
    role: Role
    token_id: TokenId
    scopes: frozenset[Scope]
    made_by: UserId | None = None
    """Somebody else, who may know the secret."""


@dataclass(frozen=True, slots=True)
class System:
    """Carrel itself: the reconciler, or the owner of the state directory at its socket."""

    name: str = "system"


Actor = Person | TokenHolder | System
