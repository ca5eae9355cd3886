"""A template as people may see it: what it is for, not its environment, which may hold secrets."""

from carrel.domain.template import HomeKind
from carrel.wire.v1.shape import Telling


class Template(Telling):
    name: str
    version: str
    title: str
    description: str
    image: str | None
    open: str
    home: HomeKind
    memory: int | None
    """Bytes."""
    price_per_hour: float | None
