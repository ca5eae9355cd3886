"""What every measure is handed: how thorough to be, where to put things, and the installed peers."""

from dataclasses import dataclass
from pathlib import Path

from bench.install import Peers


@dataclass(frozen=True, slots=True)
class Setting:
    peers: Peers
    folder: Path
    """Of this run alone; removed with it. Short, because Unix sockets lie in it."""
    quick: bool

    def choose(self, usual: int, quick: int) -> int:
        return quick if self.quick else usual
