"""The stages of a workspace's life with how long each took, read off its timeline: what a black box is opened for. Decides nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from carrel.domain.event import Event
from carrel.rules.chronicle import in_order

_NAMES: Final[Mapping[str, str]] = {
    "pending": "Waiting for a machine",
    "starting": "Starting",
    "ready": "Ready",
    "assigned": "Being handed over",
    "attached": "In its person's hands",
    "draining": "Taking nobody new",
    "failed": "Failed",
    "stopping": "Stopping",
    "gone": "Gone",
}
"""Event kind → what began with it."""


@dataclass(frozen=True, slots=True)
class Stage:
    kind: str
    name: str
    began_at: datetime
    took: timedelta | None
    """None for the last one."""


def stages(events: Iterable[Event]) -> list[Stage]:
    """`events` are those of the workspace and its claim. One that became ready again after a restart is in its person's hands at once."""
    lines = [event for event in in_order(events) if event.kind in _NAMES]
    began: list[Event] = []
    for line in lines:
        if not began or began[-1].kind != line.kind:
            began.append(line)
    ends = [event.at for event in began[1:]]
    is_held = False
    found: list[Stage] = []
    for number, event in enumerate(began):
        name = _NAMES["attached"] if event.kind == "ready" and is_held else _NAMES[event.kind]
        is_held = is_held or event.kind == "attached"
        took = ends[number] - event.at if number < len(ends) else None
        found.append(Stage(event.kind, name, event.at, took))
    return found
