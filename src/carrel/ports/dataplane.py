"""What the control plane tells the data plane: who is where, and who may no longer enter. Files under the hood; no calls back."""

from collections.abc import Sequence
from typing import Protocol

from carrel.domain.route import Route, Withdrawal

__all__ = ["DataPlane", "Route", "Withdrawal"]


class DataPlane(Protocol):
    async def publish(self, routes: Sequence[Route]) -> None:
        """Replace the whole table. Returns once the file stands (Envoy follows within milliseconds). Raises Unavailable."""
        ...

    async def withdraw(self, withdrawals: Sequence[Withdrawal]) -> None:
        """Make these known besides those that still count. Called before a sign-out is answered. Raises Unavailable."""
        ...
