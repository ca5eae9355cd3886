"""An archive of the engine's making as every driver packs homes: compressed, without owners, named from the home on. Keeps nothing whole."""

import asyncio
import errno
import os
import tarfile
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress
from typing import IO

from carrel.drivers.ondisk.packing import streamed


async def repacked(files: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """Ends its thread when it is left half way. Raises DriverUnavailable, and what `files` raises."""
    reading, writing = os.pipe()
    feeding = asyncio.create_task(_feed(files, writing))
    pipe = os.fdopen(reading, "rb", buffering=0)
    try:
        async with aclosing(streamed(lambda archive: _copy(pipe, archive))) as chunks:
            async for chunk in chunks:
                yield chunk
        await feeding
    finally:
        feeding.cancel()
        await asyncio.gather(feeding, return_exceptions=True)


async def _feed(files: AsyncIterator[bytes], writing: int) -> None:
    """Held back by whoever reads."""
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.connect_write_pipe(
        asyncio.streams.FlowControlMixin, os.fdopen(writing, "wb", buffering=0)
    )
    writer = asyncio.StreamWriter(transport, protocol, None, loop)
    try:
        async for chunk in files:
            writer.write(chunk)
            await writer.drain()
    finally:
        with suppress(OSError):
            writer.close()


def _copy(pipe: IO[bytes], archive: tarfile.TarFile) -> None:
    """In a thread, which closes the pipe."""
    try:
        with pipe, tarfile.open(fileobj=pipe, mode="r|") as found:
            for entry in found:
                _add(found, entry, archive)
    except tarfile.TarError as problem:
        raise OSError(errno.EIO, os.strerror(errno.EIO)) from problem


def _add(found: tarfile.TarFile, entry: tarfile.TarInfo, archive: tarfile.TarFile) -> None:
    """Sockets, pipes and devices are no part of somebody's work."""
    entry.name = entry.name.removeprefix("./")
    is_work = entry.isreg() or entry.isdir() or entry.issym() or entry.islnk()
    if entry.name in ("", ".") or not is_work:
        return
    if entry.islnk():
        entry.linkname = entry.linkname.removeprefix("./")
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mode &= 0o777
    archive.addfile(entry, found.extractfile(entry) if entry.isreg() else None)
