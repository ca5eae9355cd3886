"""A variable somebody keeps for all their workspaces. Its value is no part of this: it is told to nobody again."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

MOST_VARIABLES: Final = 50
LARGEST_VALUE: Final = 32 * 1024
"""Bytes."""


@dataclass(frozen=True, slots=True)
class Variable:
    name: str
    changed_at: datetime
