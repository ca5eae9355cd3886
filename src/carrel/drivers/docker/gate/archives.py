"""Archives that go into containers, written anew: plain files, directories and links with the rights of everyday. Pure.

The engine unpacks as root, wherever the container has something mounted, and would make devices and set-user-id programs of any owner there.
"""

import io
import tarfile
from typing import Final

from carrel.drivers.docker.gate.shapes import refuse

LONGEST_ARCHIVE: Final = 16 << 20
_PLAIN: Final = {
    tarfile.REGTYPE: tarfile.REGTYPE,
    tarfile.AREGTYPE: tarfile.REGTYPE,
    tarfile.DIRTYPE: tarfile.DIRTYPE,
    tarfile.SYMTYPE: tarfile.SYMTYPE,
}
_RIGHTS: Final = 0o777


def plain(archive: bytes) -> bytes:
    """Raises NotLetThrough."""
    whole = io.BytesIO()
    try:
        with (
            tarfile.open(fileobj=io.BytesIO(archive), mode="r:") as found,
            tarfile.open(fileobj=whole, mode="w", format=tarfile.PAX_FORMAT) as written,
        ):
            for entry in found:
                _add(found, entry, written)
    except (tarfile.TarError, ValueError, EOFError, OSError, RecursionError):
        return bytes(refuse("the archive", "cannot be read"))
    return whole.getvalue()


def _add(found: tarfile.TarFile, entry: tarfile.TarInfo, written: tarfile.TarFile) -> None:
    kind = _PLAIN.get(entry.type)
    if kind is None or entry.sparse is not None or ".." in entry.name.split("/"):
        refuse(f'the archive\'s "{entry.name[:120]}"', "is neither file, directory nor link")
        return
    kept = tarfile.TarInfo(entry.name)
    kept.type, kept.mode, kept.mtime = kind, entry.mode & _RIGHTS, entry.mtime
    kept.uid, kept.gid = max(0, entry.uid), max(0, entry.gid)
    if kind == tarfile.SYMTYPE:
        kept.linkname = entry.linkname
    content = found.extractfile(entry) if kind == tarfile.REGTYPE else None
    kept.size = entry.size if content is not None else 0
    written.addfile(kept, content)
