"""A claim: a person's request for a workspace, and the holding of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from carrel.domain.ids import ClaimId, HomeId, PoolName, UserId, WorkspaceId
from carrel.domain.parameter import Value


class ClaimState(StrEnum):
    WAITING = "waiting"
    HELD = "held"
    RELEASED = "released"


@dataclass(frozen=True, slots=True)
class Claim:
    id: ClaimId
    user_id: UserId
    pool: PoolName
    name: str
    """A person may hold several claims of one pool under different names; the usual one is called "default"."""
    state: ClaimState
    created_at: datetime
    watched_at: datetime
    """When somebody last asked after it; a waiting claim that nobody watches lapses."""
    version: int = 0
    workspace_id: WorkspaceId | None = None
    held_at: datetime | None = None
    released_at: datetime | None = None
    release_at: datetime | None = None
    """Its holder gave it back and may still undo that; it is released at this time."""
    home_id: HomeId | None = None
    """Which home it brings along; no other live claim has the same. None where the template keeps no files."""
    parameters: Mapping[str, Value] = field(default_factory=lambda: MappingProxyType({}))
    """What its person chose, checked when it was made."""
    reason: str | None = None
    reason_code: str | None = None


@dataclass(frozen=True, slots=True)
class HomeWish:
    """The home a claim is to bring along."""

    name: str
    candidate: HomeId
    """Its id, if it is made for this."""
    place: str | None = None
    """What the driver of the pool calls its `home_place`; None where that is not known."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants of the workspace they ask for, besides its pool."""

    home: HomeWish | None = None
    """None where its template keeps no files."""
    parameters: Mapping[str, Value] = field(default_factory=lambda: MappingProxyType({}))
    """Checked, and whole."""


NO_WISH: Final = Wish()
