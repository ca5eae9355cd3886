"""How a long list of workspaces is asked for: which ones, in which order; and what is told of each, and of all together."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from carrel.domain.ids import PoolName, UserId
from carrel.domain.prospect import Prospect
from carrel.domain.template import Template
from carrel.domain.workspace import Phase, Workspace


class Sort(StrEnum):
    CREATED_AT = "created_at"
    OWNER = "owner"
    """By name; what nobody holds comes last."""
    POOL = "pool"
    PHASE = "phase"
    """In the order of a life: pending first, gone last."""
    LAST_ACTIVE_AT = "last_active_at"
    STOPS_AT = "stops_at"
    """By the end that was promised, however little it is used."""


class Holding(StrEnum):
    WARM = "warm"
    CLAIMED = "claimed"
    """Held by somebody, and not yet on its way out."""


BACKWARDS: frozenset[Sort] = frozenset({Sort.CREATED_AT})
"""Sorts whose usual direction is the highest first."""


@dataclass(frozen=True, slots=True)
class Order:
    by: Sort = Sort.CREATED_AT
    is_descending: bool = True
    """Whatever the direction, what has no value comes last."""

    @classmethod
    def usual(cls, by: Sort) -> "Order":
        return cls(by, by in BACKWARDS)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Every part that is given must fit."""

    owner: UserId | None = None
    owner_name: str = ""
    """How the owner's name begins."""
    pool: PoolName | None = None
    phases: frozenset[Phase] | None = None
    holding: Holding | None = None
    text: str = ""
    """Stands somewhere in its id, pool, template, backend, owner or reason."""


@dataclass(frozen=True, slots=True)
class Listed:
    workspace: Workspace
    owner_name: str | None
    template: Template | None = None
    prospect: Prospect | None = None
    """When it stops, and why; None where nobody holds it, or it does so already."""
    has_update: bool = False
    """The template has a newer version than it runs."""


@dataclass(frozen=True, slots=True)
class Census:
    """The live ones among what was asked for, whatever phase and holding were asked for."""

    phases: Mapping[Phase, int]
    warm: int
    claimed: int

    @property
    def live(self) -> int:
        return sum(self.phases.values())
