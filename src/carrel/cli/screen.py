"""What a command prints: JSON exactly as the API has it, or words and tables for people. Results on stdout, the rest on stderr."""

import json
import re
import sys
from collections.abc import Sequence
from datetime import datetime
from enum import Enum

from rich.console import Console
from rich.table import Table
from rich.text import Text

from carrel.domain.errors import CarrelError
from carrel.wire.v1.shape import Telling

_WIDE = 4000
"""Columns: no table is ever cut. An id that a narrow terminal shows half of cannot be copied; it breaks the line by itself."""
_COLOURS = re.compile(r"\x1b\[[0-9;:]*m")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Screen:
    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self._out = Console(highlight=False, width=_WIDE)
        self._err = Console(highlight=False, stderr=True, soft_wrap=True)

    def rows(self, things: Sequence[Telling], columns: Sequence[str]) -> None:
        if self.as_json:
            self._json([thing.model_dump(mode="json") for thing in things])
            return
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in columns:
            table.add_column(_title(column), no_wrap=True)
        for thing in things:
            table.add_row(*(_cell(_value(thing, column)) for column in columns))
        self._out.print(table)

    def thing(self, told: Telling, fields: Sequence[str]) -> None:
        if self.as_json:
            self._json(told.model_dump(mode="json"))
            return
        table = Table(box=None, pad_edge=False, show_header=False)
        table.add_column(no_wrap=True, style="bold")
        table.add_column(overflow="fold")
        for field in fields:
            table.add_row(_title(field), _cell(_value(told, field)))
        self._out.print(table)

    def text(self, text: str) -> None:
        """As it is, also what looks like markup; but what an app printed must not command the terminal of whoever reads it."""
        self._out.print(Text(_harmless(text) if self._out.is_terminal else text), soft_wrap=True)

    def note(self, sentence: str) -> None:
        """For people who wait; programs are not disturbed."""
        if not self.as_json:
            self._err.print(Text(_harmless(sentence)))

    def failure(self, error: CarrelError) -> None:
        if self.as_json:
            print(json.dumps({"code": error.code, "detail": error.sentence}), file=sys.stderr)  # noqa: T201 - programs read it
        else:
            self._err.print(Text(_harmless(error.sentence), style="red"))

    def _json(self, value: object) -> None:
        print(json.dumps(value, indent=2, ensure_ascii=False))  # noqa: T201 - rich would wrap and colour it


def _harmless(text: str) -> str:
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", _COLOURS.sub("", text))


def _title(path: str) -> str:
    """`counts.ready` is headed "ready"; an id or address of something inside says of what."""
    return path.removeprefix("counts.").replace(".", " ").replace("_", " ")


def _value(thing: Telling, path: str) -> object:
    """`counts.ready` is the field `ready` of the field `counts`; empty where one of them is null."""
    found: object = thing
    for name in path.split("."):
        found = getattr(found, name) if found is not None else None
    return found


def _cell(value: object) -> Text:
    match value:
        case None:
            return Text("–", style="dim")
        case bool():
            return Text("yes" if value else "no")
        case datetime():
            return Text(value.astimezone().strftime("%Y-%m-%d %H:%M"))
        case Enum():
            return Text(str(value.value))
        case list() | tuple():
            return Text(_harmless(", ".join(str(item) for item in value)))
        case _:
            return Text(_harmless(str(value)))
