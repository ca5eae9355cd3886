"""What a template may write in braces, and where its files may lie: decided alike by every driver that starts an app itself. Raises Rejected."""

import re
from collections.abc import Collection, Mapping
from pathlib import PurePosixPath
from typing import Final

from carrel.ports.driver import Rejected

_PLACEHOLDERS: Final = frozenset({"host", "port", "base_path", "home", "slot", "person", "secret", "id"})
_PLACEHOLDER: Final = re.compile(r"\{([a-z][a-z0-9_]*)\}")


def filled(text: str, values: Mapping[str, str]) -> str:
    """Text in braces that is no placeholder's name (JSON, a shell's `${NAME}`) stays as it is."""
    return _PLACEHOLDER.sub(lambda found: values[found[1]], text)


def refuse_unknown(text: str, where: str) -> None:
    for name in _PLACEHOLDER.findall(text):
        if name not in _PLACEHOLDERS:
            known = " ".join(f"{{{each}}}" for each in sorted(_PLACEHOLDERS))
            raise Rejected(f"{where} holds {{{name}}}, which is no placeholder. There are: {known}.")


def refuse_outside(path: str, where: str, *, reserved: Collection[str]) -> None:
    """`reserved`: what the driver itself keeps in a slot; no file of a template may take its place."""
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or "\0" in path:
        raise Rejected(f'{where}.files: "{path}" must be a path inside the slot.')
    if parts[0] in reserved:
        raise Rejected(
            f'{where}.files: "{path}" is where the driver keeps something of its own; choose another place.'
        )
