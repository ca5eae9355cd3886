"""A template: the versioned recipe of a workspace. It says what to run, never where."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from carrel.domain.container import Container
from carrel.domain.ids import TemplateName
from carrel.domain.parameter import Parameter
from carrel.domain.preparation import Repository, Startup


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
    """`command` and `environment` may hold {host} {port} {base_path} {home} {slot} {person} {secret} {id}, filled in by the driver."""

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
    icon: str = ""
    """A name in the icon set; the pool's card shows it."""
    parameters: tuple[Parameter, ...] = ()
    """What a person may choose; delivered to the claimed workspace, never needed to start a warm one."""
    claim_environment: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Delivered at claim. May hold {user} {display_name} {email} and {parameter:NAME}."""
    repository: Repository | None = None
    startup: Startup | None = None
    data: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Shared folders, for reading: name in the home, and where the folder is on the backend."""
    activity_command: tuple[str, ...] = ()
    """For `activity = "command"`: ends with 0 while the workspace is in use, with 1 while it is not; anything else says nothing."""
    activity_writes: tuple[str, ...] = ()
    """Beginnings of paths, relative to the root: a PUT, POST, PATCH or DELETE there is use."""
    activity_bytes: int | None = None
    """So many bytes a minute from the person over one long-lived stream are use; None where streams say nothing."""
    container: Container | None = None
    """How it runs in containers, where that needs more than `image` and `memory`."""
    version: str = ""
    """A digest of everything above: two recipes that differ anywhere have different versions."""
