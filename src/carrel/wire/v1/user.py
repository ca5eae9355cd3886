"""A user, and what may be said about one."""

from pydantic import Field, SecretStr

from carrel.domain.actor import Role
from carrel.wire.v1.shape import Asking, Line, Telling, Time

Password = SecretStr
"""Never printed, logged or fingerprinted."""


class User(Telling):
    id: str
    name: str
    display_name: str
    role: Role
    created_at: Time
    disabled_at: Time | None
    last_seen_at: Time | None
    email: str | None = None
    """For git, and for mail."""


class UserRequest(Asking):
    name: Line = Field(max_length=100)
    """What they sign in with."""
    password: Password = Field(min_length=1, max_length=1000)
    display_name: Line | None = None
    role: Role = Role.USER


class Newcomer(Asking):
    name: Line = Field(max_length=100)
    """What they sign in with."""
    display_name: Line | None = None
    role: Role = Role.USER


class UsersRequest(Asking):
    people: list[Newcomer] = Field(min_length=1, max_length=100)


class NewUser(User):
    password: str
    """Told this once."""


class Invitation(Telling):
    url: str
    """Signs them in once."""
    expires_at: Time


class UserChange(Asking):
    """Only what is named changes."""

    role: Role | None = None
    password: Password | None = Field(default=None, min_length=1, max_length=1000)
    disabled: bool | None = None
    """True ends sessions and tokens; false lets them sign in again."""
    display_name: Line | None = None
    email: str | None = Field(default=None, max_length=254)
    """Empty takes it away."""
