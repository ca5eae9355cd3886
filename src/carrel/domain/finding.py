"""What a check-up says: one finding per thing looked at, with what was found, why it matters and how it is put right."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final


class Outcome(StrEnum):
    GOOD = "good"
    WARNING = "warning"
    """Works now; will not always, or not as well as it could."""
    BAD = "bad"
    """Does not work, or lets in who should stay out."""
    UNKNOWN = "unknown"
    """Could not be found out in time."""


SEVERITY: Final = (Outcome.BAD, Outcome.WARNING, Outcome.UNKNOWN, Outcome.GOOD)
"""The worst first."""


@dataclass(frozen=True, slots=True)
class Finding:
    code: str
    """E.g. "CRL201". Stands for one kind of finding for ever."""
    title: str
    outcome: Outcome
    found: str
    why: str
    fix: str = ""
    """Empty where nothing has to be done."""
    about: str = ""
    """Which of several things of one kind, e.g. a pool's name."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    at: datetime
    findings: tuple[Finding, ...]

    @property
    def worst(self) -> Outcome:
        return worst(finding.outcome for finding in self.findings)


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """What was not found out is no reason to call the whole unknown while the rest is known to be good or worse."""
    return min(outcomes, key=SEVERITY.index, default=Outcome.UNKNOWN)
