"""What a command prints: JSON exactly as the API has it, or words and tables for people. Results on stdout, the rest on stderr."""

import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from typing import IO, Any, Final, Literal, Protocol

from rich.console import Console
from rich.text import Text

from carrel.cli.cells import Look, cell, harmless
from carrel.cli.table import Column, drawn, fitting, needed
from carrel.clock import SystemClock
from carrel.domain.errors import CarrelError

_C1: Final = re.compile("[\x7f-\x9f]")
"""Commands of terminals that JSON would leave as they are."""
_WIDE: Final = 4000
"""Columns where nobody looks: a program gets every column, each line whole."""


class Told(Protocol):
    """A shape of the API."""

    def model_dump(self, *, mode: Literal["json"]) -> dict[str, Any]: ...


class Screen:
    def __init__(self, *, as_json: bool, wide: bool = False) -> None:
        self.as_json = as_json
        self.out = Console(highlight=False, width=_width(sys.stdout))
        self.err = Console(highlight=False, stderr=True, soft_wrap=True)
        self._wide = wide or not self.out.is_terminal

    @property
    def is_live(self) -> bool:
        """Somebody watches, and the screen can be drawn over."""
        return not self.as_json and self.err.is_terminal and not self.err.is_dumb_terminal

    def rows(
        self,
        things: Sequence[Told],
        columns: Sequence[Column],
        *,
        names: Mapping[str, str] | None = None,
        empty: str = "There are none.",
    ) -> None:
        """`names`: of people, by id. `empty` is said where there is nothing to list."""
        if self.as_json:
            self._json([thing.model_dump(mode="json") for thing in things])
            return
        if not things:
            self.note(empty)
            return
        joint = "\n" if self.out.is_terminal else " / "
        look = Look(None if self._wide else SystemClock().now(), names or {}, joint=joint)
        rows = [[cell(_value(thing, column.path), look) for column in columns] for thing in things]
        shown = range(len(columns)) if self._wide else fitting(columns, rows, self.out.width)
        kept = [columns[at] for at in shown]
        cells = [[row[at] for at in shown] for row in rows]
        width = _WIDE if self._wide else max(self.out.width, needed(kept, cells))
        Console(highlight=False, width=width).print(drawn(kept, cells))

    def thing(self, told: Told, fields: Sequence[str], *, names: Mapping[str, str] | None = None) -> None:
        if self.as_json:
            self._json(told.model_dump(mode="json"))
            return
        look = Look(SystemClock().now() if self.out.is_terminal else None, names or {}, is_exact=True)
        titles = [Column(field).heading for field in fields]
        wide = max(map(len, titles), default=0) + 2
        for title, field in zip(titles, fields, strict=True):
            label = Text(title.ljust(wide), style="bold")
            self.out.print(Text.assemble(label, cell(_value(told, field), look)), soft_wrap=True)

    def text(self, text: str) -> None:
        """As it is, also what looks like markup; but what an app printed must not command the terminal of whoever reads it."""
        self.out.print(Text(harmless(text) if self.out.is_terminal else text), soft_wrap=True)

    def note(self, sentence: str) -> None:
        """For people who wait; programs are not disturbed."""
        if not self.as_json:
            self.err.print(Text(harmless(sentence)))

    def failure(self, error: CarrelError, advice: str | None = None) -> None:
        """`advice` is the next step, where there is one that the error itself does not know."""
        if self.as_json:
            told = {"code": error.code, "detail": error.sentence} | ({"next": advice} if advice else {})
            print(json.dumps(told), file=sys.stderr)  # noqa: T201 - programs read it
            return
        self.err.print(Text(harmless(error.sentence), style="red"))
        if advice:
            self.err.print(Text(harmless(advice)))

    def _json(self, value: object) -> None:
        text = json.dumps(value, indent=2, ensure_ascii=False)
        print(_C1.sub(lambda sign: f"\\u{ord(sign[0]):04x}", text))  # noqa: T201 - rich would wrap and colour it


def _width(stream: IO[str] | None) -> int | None:
    """Of the terminal that the results go to; rich would ask whichever of three has one."""
    named = os.environ.get("COLUMNS", "")
    if named.isdigit() and int(named) > 0:
        return int(named)
    try:
        return os.get_terminal_size(stream.fileno()).columns or None if stream is not None else None
    except (OSError, ValueError):
        return None


def _value(thing: object, path: str) -> object:
    """`counts.ready` is the field `ready` of the field `counts`; empty where one of them is null."""
    found: object = thing
    for name in path.split("."):
        found = getattr(found, name) if found is not None else None
    return found
