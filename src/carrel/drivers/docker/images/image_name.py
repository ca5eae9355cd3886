"""What the name of an image means: which registry has it, and what it is called there. Reads text, and asks nobody."""

import re
from dataclasses import dataclass
from typing import Final

DEFAULT_REGISTRY: Final = "docker.io"
_ALIASES: Final = frozenset({"index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"})
_OFFICIAL: Final = "library"
"""Where the default registry keeps what is named without a folder."""

_PART: Final = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_PATH: Final = re.compile(rf"{_PART}(?:/{_PART})*")
_REGISTRY: Final = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:]+\])(?::\d{1,5})?")
_TAG: Final = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_DIGEST: Final = re.compile(r"[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-fA-F]{32,}")
_ID: Final = re.compile(r"sha256:[0-9a-f]{64}")
_LONGEST: Final = 255


@dataclass(frozen=True, slots=True)
class ImageName:
    registry: str
    """Host, with its port where one is named. Empty for an image named by its id, which no registry knows."""
    path: str
    tag: str = ""
    digest: str = ""

    @property
    def can_be_pulled(self) -> bool:
        return bool(self.registry)

    @property
    def full(self) -> str:
        """As the engine understands it, with nothing left to a default."""
        if not self.registry:
            return self.path
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.registry}/{self.path}{tag}{digest}"


def read(text: str) -> ImageName | None:
    """None for what is no name of an image."""
    if _ID.fullmatch(text):
        return ImageName("", text)
    rest, at, digest = text.partition("@")
    if at and not _DIGEST.fullmatch(digest):
        return None
    registry, rest = _parted(rest)
    path, colon, tag = rest.partition(":")
    if colon and not _TAG.fullmatch(tag):
        return None
    if registry == DEFAULT_REGISTRY and "/" not in path:
        path = f"{_OFFICIAL}/{path}"
    if not _REGISTRY.fullmatch(registry) or not _PATH.fullmatch(path):
        return None
    if len(registry) + len(path) + 1 > _LONGEST:
        return None
    return ImageName(registry, path, tag if tag or at else "latest", digest)


def registry_of(text: str) -> str:
    """A registry by its one name, also as people write it in a setting: with its scheme, a path, or by an old name."""
    host = text.partition("://")[2] or text
    host = host.partition("/")[0]
    return DEFAULT_REGISTRY if host.lower() in _ALIASES else host


def _parted(text: str) -> tuple[str, str]:
    """A first part with a dot, a port or capitals is a registry, as is localhost; everything else is a folder of the default one."""
    first, slash, rest = text.partition("/")
    if slash and (first == "localhost" or "." in first or ":" in first or first != first.lower()):
        return registry_of(first), rest
    return DEFAULT_REGISTRY, text
