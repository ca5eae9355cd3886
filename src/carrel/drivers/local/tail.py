"""The end of an app's log, read from the end, whatever its length."""

from pathlib import Path

BLOCK = 64 * 1024
MOST_LINES = 10_000
MOST_BYTES = 256 * 1024
"""An app may print one endless line, and pages ask for its end every few seconds."""


def tail(log: Path, lines: int) -> str:
    """At most `lines` lines of the log and, if that is too short, of the older file before it."""
    wanted = min(lines, MOST_LINES)
    if wanted <= 0:
        return ""
    data = _ending(log, wanted)
    if data.count(b"\n") <= wanted:  # the first line here may have begun in the older file
        data = _ending(log.with_name(log.name + ".1"), wanted) + data
    return "\n".join(data[-MOST_BYTES:].decode("utf-8", errors="replace").splitlines()[-wanted:])


def _ending(path: Path, wanted: int) -> bytes:
    try:
        with path.open("rb") as file:
            position = file.seek(0, 2)
            data = b""
            while position > 0 and data.count(b"\n") <= wanted and len(data) < MOST_BYTES:
                step = min(BLOCK, position)
                position = file.seek(position - step)
                data = file.read(step) + data
            return data
    except FileNotFoundError:
        return b""
