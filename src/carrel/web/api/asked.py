"""What every handler is given: the services' context and whoever asks. Identity comes from the credential, nowhere else."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from carrel.domain.actor import Actor, System
from carrel.domain.address import Addresses
from carrel.services.context import Context
from carrel.web.api.sse import Streams
from carrel.web.metrics import Metrics
from carrel.web.security import require_actor


@dataclass(frozen=True, slots=True)
class Question:
    context: Context
    actor: Actor
    request: Request
    metrics: Metrics
    streams: Streams

    @property
    def name(self) -> str:
        """Who asks, for counting what they have open."""
        return "system" if isinstance(self.actor, System) else self.actor.user_id

    @property
    def addresses(self) -> Addresses:
        return self.context.addresses


async def _question(request: Request) -> Question:
    state = request.app.state
    return Question(state.context, await require_actor(request), request, state.metrics, state.streams)


Asked = Annotated[Question, Depends(_question)]
