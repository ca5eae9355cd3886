"""What the containers of a workspace printed, as one text. Knows how an engine packs both streams of several lines into one answer."""

from collections.abc import Iterator, Sequence
from typing import Final

from carrel.drivers.docker.engine import Engine
from carrel.drivers.docker.showing import Listed

_HEADER: Final = 8
"""Bytes before each piece: which stream, three of nothing, and its length."""


async def last_lines(engine: Engine, group: Sequence[Listed], lines: int) -> str:
    """In the order of time, each companion's behind its name. Raises DriverUnavailable."""
    if lines <= 0:
        return ""
    found: list[tuple[str, str]] = []
    for each in group:
        before = f"{each.companion} | " if each.companion else ""
        found += ((at, before + text) for at, text in _stamped(await _printed(engine, each.id, lines)))
    found.sort(key=lambda one: one[0])
    return "".join(f"{text}\n" for _, text in found[-lines:])


async def _printed(engine: Engine, container: str, lines: int) -> bytes:
    params = {"stdout": "1", "stderr": "1", "timestamps": "1", "tail": str(lines)}
    answer = await engine.call(
        "GET", f"containers/{container}/logs", what="The log cannot be read", params=params, absent=(404, 409)
    )
    return answer if isinstance(answer, bytes) else b""


def unpacked(answer: bytes) -> bytes:
    """Both streams, as they came. What broke off in the middle is left out."""
    pieces, place = [], 0
    while place + _HEADER <= len(answer):
        length = int.from_bytes(answer[place + 4 : place + _HEADER])
        place += _HEADER
        pieces.append(answer[place : place + length])
        place += length
    return b"".join(pieces)


def _stamped(answer: bytes) -> Iterator[tuple[str, str]]:
    """Time and text of each line. Times are of one length and zone, so their texts sort as they do."""
    for line in unpacked(answer).decode(errors="replace").split("\n"):
        at, space, text = line.partition(" ")
        if space:
            yield _padded(at), text.rstrip("\r")


def _padded(at: str) -> str:
    """Engines leave out zeros at the end."""
    whole, _, fraction = at.rstrip("Z").partition(".")
    return f"{whole}.{fraction.ljust(9, '0')}"
