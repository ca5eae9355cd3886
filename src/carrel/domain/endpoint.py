"""An endpoint: where an instance answers. Comes from drivers only, never from a workspace."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Endpoint:
    host: str
    """An IP address, never a name: the data plane must not resolve what somebody else may answer."""
    port: int
    scheme: str = "http"
    name: str = "app"
    """A stack has several; people land at the one called "app"."""
