"""On which line of a TOML file a key stands. The parser forgets that; this looks for it again, and would rather say nothing than guess."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Final

Key = tuple[str, ...]

_PART: Final = r"""(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')"""
_KEY: Final = re.compile(rf"\s*({_PART}(?:\s*\.\s*{_PART})*)\s*=\s*(.*)")
_HEADER: Final = re.compile(rf"\s*\[\s*({_PART}(?:\s*\.\s*{_PART})*)\s*\]\s*(?:#.*)?")
_LONG: Final = ('"""', "'''")


def lines_of(text: str) -> dict[Key, int]:
    """Key → line, from 1. Keys inside an inline table have the line of that table."""
    found: dict[Key, int] = {}
    table: Key | None = ()
    """None below a list of tables, whose keys stand there several times."""
    for number, line in _plain_lines(text):
        header = _HEADER.fullmatch(line)
        key = _KEY.match(line)
        if header is not None:
            table = _path(header[1])
            found.setdefault(table, number)
        elif line.lstrip().startswith("[["):
            table = None
        elif table is not None and key is not None and (path := _path(key[1])):
            found.setdefault((*table, *path), number)
    return found


def line_of(lines: Mapping[Key, int], path: Key) -> int | None:
    """Of the key, or of what it stands in."""
    return next((lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in lines), None)


def _plain_lines(text: str) -> Iterator[tuple[int, str]]:
    """Without those that are in the middle of a long text, where anything may look like a key."""
    inside: str | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        if inside is not None:
            if inside in line:
                inside = None
            continue
        yield number, line
        inside = next((mark for mark in _LONG if line.count(mark) % 2), None)


def _path(key: str) -> Key:
    """Its parts, as TOML itself reads them; none for what only looked like a key."""
    parts: list[str] = []
    try:
        table: object = tomllib.loads(f"{key} = 0")
    except tomllib.TOMLDecodeError:
        return ()
    while isinstance(table, dict):
        [(part, table)] = table.items()
        parts.append(part)
    return tuple(parts)
