"""For which installation a gate stands: told at its start, or the first that ever spoke through it, kept for good."""

import os
from contextlib import suppress
from pathlib import Path

from carrel.domain.ids import is_id


class KnownInstallation:
    def __init__(self, file: Path, told: str | None = None) -> None:
        """`file`: in a directory that is root's alone."""
        self._file = file
        self._known = told or _read(file)

    def learn(self, named: str | None) -> str:
        """The one that is known; `named` becomes it where none is. Empty while there is none."""
        if not self._known and named is not None and is_id(named):
            with suppress(FileExistsError):
                descriptor = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(descriptor, "w") as file:
                    file.write(f"{named}\n")
            self._known = _read(self._file)
        return self._known


def _read(file: Path) -> str:
    try:
        found = file.read_text("ascii").strip()
    except FileNotFoundError:
        return ""
    return found if is_id(found) else ""
