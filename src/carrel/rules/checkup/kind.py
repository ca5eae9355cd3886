"""The kinds of finding: a code that never changes its meaning, what is looked at, why it matters and what usually helps."""

from dataclasses import dataclass
from typing import Final

from carrel.domain.finding import Finding, Outcome

SUBJECTS: Final = {
    "CRL1": "This machine",
    "CRL2": "Data plane",
    "CRL3": "Addresses",
    "CRL4": "Store",
    "CRL5": "Pools and backends",
    "CRL6": "Security",
}
"""What a code's first figure stands for."""


@dataclass(frozen=True, slots=True)
class Kind:
    code: str
    title: str
    why: str
    fix: str
    """What helps in general; a finding says it with the names at hand where it can."""

    def good(self, found: str, *, about: str = "") -> Finding:
        return Finding(self.code, self.title, Outcome.GOOD, found, self.why, "", about)

    def warning(self, found: str, fix: str = "", *, about: str = "") -> Finding:
        return Finding(self.code, self.title, Outcome.WARNING, found, self.why, fix or self.fix, about)

    def bad(self, found: str, fix: str = "", *, about: str = "") -> Finding:
        return Finding(self.code, self.title, Outcome.BAD, found, self.why, fix or self.fix, about)

    def unknown(self, found: str, fix: str = "", *, about: str = "") -> Finding:
        return Finding(self.code, self.title, Outcome.UNKNOWN, found, self.why, fix or self.fix, about)


def subject_of(code: str) -> str:
    return SUBJECTS.get(code[:4], "Others")
