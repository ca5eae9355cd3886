"""How a template runs in containers: what an image has to be told that a program on this machine need not."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Companion:
    """A helper beside the app, such as a database: it shares the app's network, reached as localhost by it alone, and its life."""

    name: str
    image: str
    command: tuple[str, ...] = ()
    """The image's own if empty; its entrypoint stays before it, as engines have it. May hold what the template's may."""
    environment: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    user: str = ""
    memory: int | None = None
    """Bytes."""
    capabilities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Container:
    """All of it counts for drivers that run containers and for no other."""

    command: tuple[str, ...] | None = None
    """Instead of the template's. Empty: what the image itself starts. None: the template's. The image's entrypoint stays before it, as
    engines have it: what `docker run IMAGE …` is given.
    """
    port: int = 8888
    """Where the app listens inside."""
    home_path: str = "/carrel/home"
    """Where the person's files appear inside; {home} in command and environment."""
    user: str = ""
    """Who runs the app, "uid" or "uid:gid"; the image's own if empty."""
    home_owner: str = ""
    """Whose the person's files are inside, "uid:gid"; `user` if empty, or the image's own user where that is a number, else 1000:1000."""
    environment: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """On top of the template's."""
    capabilities: tuple[str, ...] = ()
    """Kept of those that are dropped, e.g. "SETUID" where the image begins as root and changes its user."""
    read_only: bool = False
    """Nothing but the home, the slot and /tmp can be written."""
    cpus: float | None = None
    """Processors, e.g. 0.5 or 2."""
    processes: int = 512
    """How many processes and threads there may be at once."""
    disk: int | None = None
    """Bytes that may be written outside the home, where the engine can hold it to that."""
    shared_memory: int | None = None
    """Bytes of /dev/shm; the engine's own if None."""
    companions: tuple[Companion, ...] = ()
