"""A small tar archive for the engine's `PUT …/archive`: directories, files and links in a given order, all of one owner. Pure."""

import io
import tarfile
from typing import Self

from carrel.drivers.docker.homes.mounts import FileOwner


class Parcel:
    """The engine unpacks in order, replaces what is in the way, and takes a file over a directory for its end."""

    def __init__(self, owner: FileOwner) -> None:
        self._owner = owner
        self._entries: list[tuple[tarfile.TarInfo, bytes]] = []
        self._directories: set[str] = set()

    def directory(self, path: str, mode: int = 0o700) -> Self:
        """Those above it too, of the same mode. Once each."""
        parts = path.split("/")
        for end in range(1, len(parts) + 1):
            name = "/".join(parts[:end])
            if name not in self._directories:
                self._directories.add(name)
                self._entries.append((self._entry(name, tarfile.DIRTYPE, mode), b""))
        return self

    def file(self, path: str, text: str, mode: int = 0o600) -> Self:
        content = text.encode()
        entry = self._entry(path, tarfile.REGTYPE, mode)
        entry.size = len(content)
        self._entries.append((entry, content))
        return self

    def link(self, path: str, target: str) -> Self:
        entry = self._entry(path, tarfile.SYMTYPE, 0o777)
        entry.linkname = target
        self._entries.append((entry, b""))
        return self

    def packed(self) -> bytes:
        written = io.BytesIO()
        with tarfile.open(fileobj=written, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for entry, content in self._entries:
                archive.addfile(entry, io.BytesIO(content))
        return written.getvalue()

    def _entry(self, path: str, kind: bytes, mode: int) -> tarfile.TarInfo:
        entry = tarfile.TarInfo(path)
        entry.type, entry.mode, entry.uid, entry.gid = kind, mode, self._owner.uid, self._owner.gid
        return entry
