"""A home: a person's files. It outlives every workspace and is in one workspace at a time."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from carrel.domain.ids import HomeId, UserId, WorkspaceId

USUAL_HOME: Final = "default"
"""The home of a claim that names none."""
DELETED: Final = "~"
"""In the name of a deleted home, between what it was called and its id; no other name holds it. What is being removed has only that."""


def called(name: str) -> str:
    """As its person calls it, also once it is deleted. Empty where its removal has begun."""
    return name.partition(DELETED)[0]


@dataclass(frozen=True, slots=True)
class Home:
    id: HomeId
    user_id: UserId
    name: str
    created_at: datetime
    place: str | None = None
    """Where its files are: what their driver calls `home_place`. None until it was first brought into a workspace."""
    workspace_id: WorkspaceId | None = None
    """Which workspace it is in, or on its way into or out of. Written before the driver is asked, cleared after it is out."""
    used_at: datetime | None = None
    """When it last came out of a workspace, or went into one."""
    size_bytes: int | None = None
    measured_at: datetime | None = None
    deleted_at: datetime | None = None
    """Its files are removed some days after this; until then it can be had back."""
