"""A claim's and its workspace's timelines as one story for people: each line once, with how long it took to get there."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from carrel.domain.event import Event

_BEGINNINGS: Final[Mapping[str, frozenset[str]]] = {
    "starting": frozenset({"pending"}),
    "ready": frozenset({"starting"}),
    "assigned": frozenset({"waiting"}),
    "attached": frozenset({"assigned"}),
    "gone": frozenset({"stopping"}),
}
"""Which line a step began with; what lies between others (a warm workspace that stood for a day) is no duration of anything."""


@dataclass(frozen=True, slots=True)
class Line:
    at: datetime
    kind: str
    sentence: str
    took: timedelta | None = None


def in_order(events: Iterable[Event]) -> list[Event]:
    """What stands in both timelines is told once."""
    found = {(event.at, event.kind, event.sentence): event for event in events}
    return sorted(found.values(), key=lambda event: (event.at, event.seq))


def chronicle(events: Iterable[Event]) -> list[Line]:
    last: dict[str, datetime] = {}
    lines: list[Line] = []
    for event in in_order(events):
        begun = [last[kind] for kind in _BEGINNINGS.get(event.kind, ()) if kind in last]
        last[event.kind] = event.at
        if lines and lines[-1].sentence == event.sentence:
            continue  # it failed, so it was released, so it stops: one thing to whoever reads it
        lines.append(Line(event.at, event.kind, event.sentence, event.at - max(begun) if begun else None))
    return lines


def visits(events: Iterable[Event]) -> list[Event]:
    """Who went in, the newest first."""
    return [event for event in reversed(in_order(events)) if event.kind in ("entered", "visited")]
