"""Is the app inside a workspace in use? Asked of the app itself, in the way its template names."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from carrel.domain.activity import Evidence, StreamReport
from carrel.domain.endpoint import Endpoint
from carrel.domain.template import Template
from carrel.domain.workspace import Workspace
from carrel.ports.driver import Driver


@dataclass(frozen=True, slots=True)
class Subject:
    """Who is asked about, and through whom."""

    workspace: Workspace
    endpoint: Endpoint
    recipe: Template
    driver: Driver


class ActivityProbe(Protocol):
    async def evidence(self, subject: Subject, now: datetime) -> Evidence:
        """Within seconds, whatever the app does. Never raises: what cannot be asked, or is not understood, is Unknown."""
        ...


class Streams(Protocol):
    """What the data plane says of connections."""

    async def read(self) -> list[StreamReport]:
        """Whatever it wrote since the last call. Never raises."""
        ...

    def has_lost_some(self) -> bool:
        """Whether the last read left something out, because there was too much of it."""
        ...

    def reported_every(self) -> timedelta:
        """How long what a stream did may be unsaid."""
        ...
