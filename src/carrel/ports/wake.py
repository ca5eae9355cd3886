"""Wake-ups between the parts of the control plane. A hint only: whoever waits also looks by itself after a while."""

from collections.abc import Collection
from typing import Protocol


class Wake(Protocol):
    def ring(self, topic: str) -> None:
        """Wake everybody who waits for this topic, and whoever starts waiting before they were told."""
        ...

    def ear(self, topics: Collection[str]) -> "Ear":
        """Start listening now; a ring between this call and the first `wait` is not lost."""
        ...


class Ear(Protocol):
    async def wait(self, timeout: float) -> bool:  # noqa: ASYNC109 - the waiting itself is the subject
        """True as soon as one of the topics rang since the last `wait`, False after `timeout` seconds. Rings coalesce."""
        ...

    def close(self) -> None: ...


def pool_topic(name: str) -> str:
    return f"pool:{name}"


def claim_topic(claim_id: str) -> str:
    return f"claim:{claim_id}"


AILMENTS = "ailments"
"""Rung when a driver heard what running workspaces suffer from."""
ROUTES = "routes"
"""Rung when the routable workspaces or the withdrawals may have changed."""
