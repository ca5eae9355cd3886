"""carrel variable: what somebody's workspaces are given. A value is never an argument: other users of the machine see those."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from carrel.cli import complete, people
from carrel.cli.here import Here
from carrel.cli.nouns import command, noun
from carrel.cli.table import Column
from carrel.client import variables
from carrel.domain.errors import Invalid

_COLUMNS = (Column("name"), Column("changed_at", title="changed"))
_FIELDS = ("name", "changed_at")

app = noun("variable")

Name = Annotated[str, typer.Argument(help="Its name, such as API_KEY.")]
Whose = Annotated[
    str | None,
    typer.Option("--user", help="Whose: name or id. For admins.", autocompletion=complete.users),
]
ValueFile = Annotated[
    Path | None,
    typer.Option("--value-file", help="Read the value from this file.", exists=True, dir_okay=False),
]


@command(app, "list", lists=True)
async def page(here: Here, *, user: Whose = None) -> None:
    """Names of your variables, or for admins somebody's. Values are shown to nobody."""
    owner = await people.meant(here, user)
    found = await variables.page(here.client, user=owner)
    here.screen.rows(found, _COLUMNS, empty="No variables. Set one: carrel variable set NAME")


@command(app, "set")
async def put(here: Here, name: Name, *, value_file: ValueFile = None, user: Whose = None) -> None:
    """Set one for all workspaces opened from now on. The value is asked for, or read from standard input or a file."""
    owner = await people.meant(here, user)
    kept = await variables.put(here.client, _plain(name), _value(value_file), user=owner)
    here.screen.thing(kept, _FIELDS)


@command(app, "unset")
async def delete(here: Here, name: Name, *, user: Whose = None) -> None:
    """Forget one. Workspaces that run keep what they were given."""
    owner = await people.meant(here, user)
    await variables.delete(here.client, _plain(name), user=owner)
    here.screen.note(f"{name} is forgotten.")


def _plain(name: str) -> str:
    """It becomes part of an address."""
    if not name.isidentifier() or not name.isascii():
        raise Invalid(f"{name[:60]!r} is no name of a variable: letters, digits and _, with no digit first.")
    return name


def _value(file: Path | None) -> str:
    """Without the end of its last line, which editors and `echo` add."""
    if file is not None:
        return _text(file.read_bytes())
    if sys.stdin.isatty():
        return str(typer.prompt("Value", hide_input=True, default="", show_default=False, err=True))
    return _text(sys.stdin.buffer.read())


def _text(content: bytes) -> str:
    try:
        return content.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise Invalid("The value is no text. Encode it, for example with base64.") from None
