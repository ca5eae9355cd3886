"""Whoever can look Carrel and its machine over: how a page asks for it without knowing what is looked at."""

from typing import Protocol

from carrel.domain.finding import Diagnosis


class Checkup(Protocol):
    async def look(self, *, afresh: bool = False) -> Diagnosis:
        """The last report if it is a few seconds old, else, or `afresh`, a new one. Within seconds; never raises, changes nothing."""
        ...
