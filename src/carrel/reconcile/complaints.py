"""Which complaints of a loop are worth a line in the log: a new one at once, one that stays once a minute. Logs nothing itself."""

from dataclasses import dataclass
from typing import Final

EVERY: Final = 60.0
"""Seconds between two lines about a trouble that stays."""


@dataclass(slots=True)
class Complaints:
    _last: tuple[str, float] | None = None
    """The sentence, and when it was news."""

    def is_news(self, sentence: str, now: float) -> bool:
        """`now` is monotonic. True counts as written."""
        if self._last is not None and self._last[0] == sentence and now - self._last[1] < EVERY:
            return False
        self._last = (sentence, now)
        return True

    def is_over(self) -> None:
        """The same again is news."""
        self._last = None
