"""A one-time link that signs the first admin in. Whoever reads it can use it."""

from pydantic import Field

from carrel.wire.v1.shape import Asking, Telling, Time
from carrel.wire.v1.user import User


class LinkRequest(Asking):
    next: str | None = Field(default=None, max_length=2048)
    """The page of the hub where it leads, such as `/hub/pools`; anything else is forgotten."""
    minutes: float = Field(default=24 * 60, gt=0, le=24 * 60, allow_inf_nan=False)
    """How long it is valid."""
    replace: bool = False
    """Every earlier link is dead."""


class Link(Telling):
    url: str
    user: User
    """Whom it signs in."""
    expires_at: Time
