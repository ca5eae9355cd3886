"""An API token. Its secret is told once, by `NewToken`, and never again."""

from typing import Annotated

from pydantic import Field

from carrel.domain.actor import Scope
from carrel.wire.v1.shape import Asking, Id, Line, Telling, Time


class Token(Telling):
    id: str
    user: str
    label: str
    scopes: list[Scope]
    created_at: Time
    expires_at: Time | None
    last_used_at: Time | None
    revoked_at: Time | None
    made_by: str | None = None
    """The id of the admin who made it for its owner, and may know its secret; null for one's own."""


class NewToken(Token):
    secret: str
    """Shown this once."""


class TokenRequest(Asking):
    label: Line
    scopes: Annotated[tuple[Scope, ...], Field(min_length=1, max_length=10)] = (Scope.READ, Scope.USE)
    days: float | None = Field(default=90, gt=0, le=3660, allow_inf_nan=False)
    """How long it is valid; null for as long as nobody revokes it."""
    user: Id | None = None
    """Whose; only an admin may name somebody else."""
