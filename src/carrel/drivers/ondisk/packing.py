"""A directory as a .tar.gz, bit by bit: a thread packs into a pipe, which holds it back while nobody reads. Follows no link.

The directory may be in use: what shrinks meanwhile is filled with zeros, what vanishes is left out.
"""

import asyncio
import gzip
import os
import stat
import tarfile
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import IO

from carrel.drivers.ondisk.faults import may_be_away

CHUNK = 1 << 16
Names = dict[tuple[int, int], str]
"""Device and number of a file that has several names → the one under which it was packed."""

_UNREADABLE = "The home cannot be read"
_LEVEL = 5
"""Half the time of the usual 9, for a few hundredths more bytes."""


async def packed(directory: Path) -> AsyncIterator[bytes]:
    """Ends its thread when it is left half way. Raises DriverUnavailable."""
    async for chunk in streamed(lambda archive: _pack_if_there(directory, archive)):
        yield chunk


async def streamed(pack: Callable[[tarfile.TarFile], None]) -> AsyncGenerator[bytes, None]:
    """The .tar.gz of whatever `pack` adds, in a thread of its own. Ends that when it is left half way. Raises DriverUnavailable."""
    with may_be_away(_UNREADABLE):
        reading, writing = os.pipe()
    packer = _Packer(pack, writing)
    stream = asyncio.StreamReader(limit=CHUNK)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(reading, "rb", buffering=0)
    )
    packer.start()
    try:
        while chunk := await stream.read(CHUNK):
            yield chunk
    finally:
        transport.close()
    if packer.problem is not None:
        with may_be_away(_UNREADABLE):
            raise packer.problem


class _Packer(threading.Thread):
    def __init__(self, pack: Callable[[tarfile.TarFile], None], writing: int) -> None:
        super().__init__(name="carrel-packing", daemon=True)
        self._pack = pack
        self._writing = writing
        self.problem: OSError | RecursionError | None = None
        """Why the archive is not whole."""

    def run(self) -> None:
        with suppress(BrokenPipeError), os.fdopen(self._writing, "wb", buffering=CHUNK) as pipe:
            try:
                self._squeeze(pipe)
            except BrokenPipeError:
                return  # nobody reads on
            except (OSError, RecursionError) as problem:
                self.problem = problem  # before the pipe is closed, which is what the reader goes by

    def _squeeze(self, pipe: IO[bytes]) -> None:
        with (
            gzip.GzipFile(filename="", mode="wb", compresslevel=_LEVEL, fileobj=pipe, mtime=0) as squeezed,
            tarfile.open(fileobj=squeezed, mode="w|", format=tarfile.PAX_FORMAT) as archive,
        ):
            self._pack(archive)


def _pack_if_there(directory: Path, archive: tarfile.TarFile) -> None:
    if directory.exists() and not directory.is_symlink():
        _pack(directory, archive)


def _pack(top: Path, archive: tarfile.TarFile) -> None:
    names: Names = {}
    for path, directories, others, opened in os.fwalk(top, follow_symlinks=False):
        directories.sort()
        for name in (*directories, *sorted(others)):
            inside = os.path.relpath(os.path.join(path, name), top)  # noqa: PTH118 - os.fwalk speaks text
            _add(archive, inside, name, opened, names)


def _add(archive: tarfile.TarFile, inside: str, name: str, directory: int, names: Names) -> None:
    """What is neither file, directory nor link (a socket, a pipe, a device) is no part of somebody's work."""
    try:
        found = os.lstat(name, dir_fd=directory)
        entry = _entry(inside, found)
        if stat.S_ISLNK(found.st_mode):
            entry.type, entry.linkname = tarfile.SYMTYPE, os.readlink(name, dir_fd=directory)
            archive.addfile(entry)
        elif stat.S_ISDIR(found.st_mode):
            entry.type = tarfile.DIRTYPE
            archive.addfile(entry)
        elif stat.S_ISREG(found.st_mode):
            _add_file(archive, entry, name, directory, names)
    except FileNotFoundError:
        return


def _entry(inside: str, found: os.stat_result) -> tarfile.TarInfo:
    """Without owner: they belong to whoever unpacks them."""
    entry = tarfile.TarInfo(inside)
    entry.mode = stat.S_IMODE(found.st_mode) & 0o777
    entry.mtime = int(found.st_mtime)
    return entry


def _add_file(
    archive: tarfile.TarFile, entry: tarfile.TarInfo, name: str, directory: int, names: Names
) -> None:
    """Whatever stands there now: a link or a pipe that took the file's place meanwhile is not read."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        opened = os.open(name, flags, dir_fd=directory)
    except OSError:
        return  # gone, a link by now, or locked against its own user
    with os.fdopen(opened, "rb") as file:
        found = os.fstat(opened)
        first = names.get((found.st_dev, found.st_ino))
        if first is not None:
            entry.type, entry.linkname = tarfile.LNKTYPE, first
            archive.addfile(entry)
        elif stat.S_ISREG(found.st_mode):
            entry.size = found.st_size
            archive.addfile(entry, _Whole(file, found.st_size))  # type: ignore[arg-type]
            if found.st_nlink > 1:
                names[found.st_dev, found.st_ino] = entry.name


class _Whole:
    """As many bytes as were announced, whatever becomes of the file."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file = file
        self._left = size

    def read(self, count: int) -> bytes:
        wanted = min(count, self._left)
        read = self._file.read(wanted).ljust(wanted, b"\0")
        self._left -= wanted
        return read
