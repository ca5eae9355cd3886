"""A home: a person's files. It outlives every workspace and is in one workspace at a time."""

from dataclasses import dataclass
from datetime import datetime

from carrel.domain.ids import HomeId, UserId


@dataclass(frozen=True, slots=True)
class Home:
    id: HomeId
    user_id: UserId
    name: str
    created_at: datetime
