"""Does the app answer, now? Asked before a workspace is called ready and again before it is handed over."""

from typing import Protocol

from carrel.domain.endpoint import Endpoint


class Probe(Protocol):
    async def answers(self, endpoint: Endpoint, path: str, authorization: str) -> bool:
        """True if a GET of `path` (absolute) answers below 400 within a second or two. Never raises."""
        ...
