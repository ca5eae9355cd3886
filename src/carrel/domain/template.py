"""A template: the versioned recipe of a workspace. It says what to run, never where."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from carrel.domain.ids import TemplateName


class PathMode(StrEnum):
    """What the app is shown of `/w/<id>/`: all of it, or nothing (the data plane strips it)."""

    KEEP = "keep"
    STRIP = "strip"


class HomeKind(StrEnum):
    PERSISTENT = "persistent"
    EPHEMERAL = "ephemeral"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Template:
    """`command` and `environment` may hold {host} {port} {base_path} {home} {slot} {secret} {id}, filled in by the driver."""

    name: TemplateName
    command: tuple[str, ...]
    title: str = ""
    description: str = ""
    image: str | None = None
    open: str = ""
    """Where the person lands, relative to the workspace's root."""
    path: PathMode = PathMode.KEEP
    ready: str = ""
    """The address, relative to the root, that answers below 400 once the app is up."""
    authorization: str | None = None
    """What the data plane puts into Authorization, e.g. "token {secret}"; None if the app knows no such thing."""
    activity: str = "traffic"
    home: HomeKind = HomeKind.PERSISTENT
    memory: int | None = None
    """Bytes."""
    price_per_hour: float | None = None
    environment: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """The whole environment of the app besides PATH and LANG."""
    files: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Small files written into the slot before the start: path relative to the slot, and text."""
    version: str = ""
    """A digest of everything above: two recipes that differ anywhere have different versions."""
