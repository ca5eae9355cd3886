"""What is brought into a workspace once it is somebody's: nothing of it is there before, and nothing outlives that workspace."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Delivery:
    environment: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Name and value; for what is started in the workspace from now on, by whichever way its template reads them."""
    files: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Path relative to the person's folder (`{person}` in a template), and text."""
