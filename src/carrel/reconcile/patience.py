"""Whose turn comes later because the last tries failed: what cannot be done now must not be tried without a pause. Remembers hints only."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from carrel.domain.ids import ClaimId, WorkspaceId

FIRST: Final = 0.5
"""Seconds after one failure, which may be a fluke; every further one in a row doubles it."""
LONGEST: Final = 30.0
"""Once the backend is back or the mount is gone, it shows within so many seconds."""
_DOUBLINGS: Final = 10

About = WorkspaceId | ClaimId
"""What was tried: something with a workspace, or a start for a claim."""


@dataclass(slots=True)
class Patience:
    """All times are monotonic."""

    _failures: dict[About, int] = field(default_factory=dict)
    _until: dict[About, float] = field(default_factory=dict)

    def failed(self, about: About, now: float) -> None:
        count = self._failures.get(about, 0)
        self._failures[about] = count + 1
        self._until[about] = now + min(LONGEST, FIRST * (1 << min(count, _DOUBLINGS)))

    def worked(self, about: About) -> None:
        self._failures.pop(about, None)
        self._until.pop(about, None)

    def put_off(self, now: float) -> frozenset[About]:
        """Nothing is tried for these yet."""
        return frozenset(about for about, until in self._until.items() if until > now)

    def next_turn(self, now: float) -> float | None:
        """Seconds until the first of them may be tried again; None where nothing is put off."""
        left = [until - now for until in self._until.values() if until > now]
        return min(left, default=None)

    def forget_others(self, known: Iterable[About]) -> None:
        """What is gone fails no more."""
        for about in self._until.keys() - set(known):
            self.worked(about)
