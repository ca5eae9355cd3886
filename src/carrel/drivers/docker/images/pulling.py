"""How far the fetching of an image has come, from what the engine reports of its layers. It counts, and never goes back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from carrel.domain.instance import Progress

_FETCHING: Final = 0.75
"""A layer's share that is fetching it; the rest is unpacking, which takes a while with big layers on slow disks."""
_ALMOST: Final = 0.99
"""Nothing is said to be done before the engine has said so."""


@dataclass(slots=True)
class _Layer:
    size: int | None = None
    """As fetched. Unknown until it is its turn: only a few are fetched at once."""
    fetched: int = 0
    unpacked: float = 0.0
    """Of it, 0 to 1."""
    is_fetched: bool = False

    @property
    def done(self) -> float:
        if self.is_fetched:
            return _FETCHING + (1 - _FETCHING) * self.unpacked
        return _FETCHING * min(1.0, self.fetched / self.size) if self.size else 0.0


@dataclass(slots=True)
class Pulling:
    image: str
    trouble: str | None = None
    """What went wrong at the last try, until the engine says something again: meanwhile nobody must think that all is well."""
    _layers: dict[str, _Layer] = field(default_factory=dict)
    _reached: float | None = None

    def hear(self, message: Mapping[str, object]) -> None:
        """One message of the engine's stream. What it does not know it passes over: engines differ."""
        name, heard = message.get("id"), message.get("status")
        if not (isinstance(name, str) and isinstance(heard, str)):
            return
        self.trouble = None
        if heard == "Already exists":
            self._layers.pop(name, None)
        elif heard in _KNOWN:
            self._hear(self._layers.setdefault(name, _Layer()), heard, message.get("progressDetail"))
        self._count()

    @property
    def progress(self) -> Progress:
        if self.trouble is not None:
            return tried_again(self.trouble)
        if self._layers and all(layer.is_fetched for layer in self._layers.values()):
            return Progress(f"The image {self.image} is being unpacked.", self._reached)
        return Progress(f"The image {self.image} is being fetched.", self._reached)

    def _hear(self, layer: _Layer, heard: str, detail: object) -> None:
        current, total = _figures(detail)
        if heard == "Downloading":
            layer.size = total or layer.size
            layer.fetched = current
        elif heard == "Extracting":
            layer.is_fetched = True
            layer.unpacked = min(1.0, current / total) if total else layer.unpacked
        elif heard in _FETCHED:
            layer.is_fetched = True
        elif heard == "Pull complete":
            layer.is_fetched, layer.unpacked = True, 1.0

    def _count(self) -> None:
        sizes = [layer.size for layer in self._layers.values() if layer.size]
        if not sizes:
            return
        usual = sum(sizes) / len(sizes)
        whole = sum(layer.size or usual for layer in self._layers.values())
        done = sum(layer.done * (layer.size or usual) for layer in self._layers.values())
        self._reached = max(self._reached or 0.0, min(_ALMOST, done / whole))


def tried_again(trouble: str) -> Progress:
    return Progress(f"{trouble} It is tried again.", trouble=trouble)


_FETCHED: Final = frozenset({"Verifying Checksum", "Download complete"})
_KNOWN: Final = _FETCHED | {"Pulling fs layer", "Waiting", "Downloading", "Extracting", "Pull complete"}


def _figures(detail: object) -> tuple[int, int | None]:
    """Without a total where what is counted are no bytes, such as the seconds that newer engines unpack for."""
    if not isinstance(detail, Mapping) or "units" in detail:
        return 0, None
    current, total = detail.get("current"), detail.get("total")
    is_known = isinstance(total, int) and total > 0
    return (current if isinstance(current, int) else 0), (total if is_known else None)
