"""What the gate decides about a request: through, in words of the gate's own, or refused with a sentence."""

from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Literal

Kind = Literal["containers", "networks", "volumes", "exec"]


@dataclass(frozen=True, slots=True)
class Policy:
    installation: str
    """Whose things may be acted upon. Nothing is anybody's with an empty one."""
    slots: str
    """The directory of which containers are given their slots, and nothing else of this machine."""
    volumes: tuple[str, ...] = ()
    """Patterns of volumes that were there before Carrel and may be used as homes."""
    folders: tuple[str, ...] = ()
    """Below which workspaces may be shown folders of this machine, to read."""
    runtimes: tuple[str, ...] = ("runc",)

    def is_shared(self, place: str) -> bool:
        path = PurePosixPath(place)
        return ".." not in path.parts and any(path.is_relative_to(folder) for folder in self.folders)

    @property
    def label(self) -> str:
        return f"carrel.installation={self.installation}"


@dataclass(frozen=True, slots=True)
class Asked:
    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Thing:
    """Of the engine, and named by the caller: it must be the installation's own, or not be there."""

    kind: Kind
    name: str


@dataclass(frozen=True, slots=True)
class Allowed:
    method: str
    target: str
    """Path and query as the engine is to get them."""
    body: bytes | None = None
    """Written anew from what was recognised; None: there is none, or it streams."""
    needs: tuple[Thing, ...] = field(default=())
    is_archive: bool = False
    """What the body is, instead of JSON."""
    upgrades: bool = False
    """Both sides talk freely afterwards."""
    passes_credentials: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    sentence: str
