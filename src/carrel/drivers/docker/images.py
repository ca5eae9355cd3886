"""Sees to it that an image is on the engine: looks, and has it fetched as the policy says, once however many wait for it. What a
registry's refusal means is in `pull_faults`, how far it has come in `pulling`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from aiodocker import Docker

from carrel.drivers.docker.registries import Registry
from carrel.ports.driver import Progress

Policy = Literal["missing", "always", "never"]


@dataclass(frozen=True, slots=True)
class ImageFacts:
    id: str
    user: str
    """As the image has it: a name, "uid", "uid:gid" or empty, which is root."""
    environment: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    command: tuple[str, ...] = ()
    """Its entry point and arguments, as one."""
    working_dir: str = ""
    ports: tuple[int, ...] = ()
    """Exposed ones, TCP only, ascending."""


class Images:
    def __init__(
        self,
        client: Callable[[], Docker],
        *,
        policy: Policy = "missing",
        registries: Mapping[str, Registry] = MappingProxyType({}),
    ) -> None:
        """`client` is asked at each use, so that it may be opened late and opened anew."""
        self._client = client
        self._policy = policy
        self._registries = registries

    async def ensure(self, image: str) -> ImageFacts:
        """Returns when the image is there. Whoever gives up waiting stops nobody: what was begun is fetched to its end.

        Raises Rejected with IMAGE_MISSING (no such image, refused, no name of one), OutOfCapacity with DISK_FULL, DriverUnavailable when
        the engine is away, or the registry after several tries.
        """
        raise NotImplementedError

    def progress(self, image: str) -> Progress | None:
        """How far fetching it has come; None while nobody fetches it."""
        raise NotImplementedError

    async def aclose(self) -> None:
        """Ends what is being fetched; what the engine has of it already, it keeps."""
