"""The `carrel` command: which words it knows, and how it ends. Every noun is a module of its own."""

import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import Annotated, Any

import typer

from carrel import __version__
from carrel.cli.exits import exit_of
from carrel.cli.screen import Screen
from carrel.cli.words import Words
from carrel.domain.errors import CarrelError, Invalid

app = typer.Typer(
    name="carrel",
    cls=Words,
    help="Labs that are already running.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


_WRONG_LINE: Any = typer.BadParameter.__base__
"""What a mistyped command, option or value raises; typer gives it no name of its own."""


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"carrel {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Carrel gives everybody a lab that is already running."""


def main() -> None:
    """Any error that a command lets out ends with its sentence and its exit status, never with a stack trace."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that knows no dashes is no reason to fail
    try:
        _demand_text(sys.argv)
        _run(as_json="--json" in sys.argv)
    except CarrelError as error:
        Screen(as_json="--json" in sys.argv).failure(error)
        sys.exit(exit_of(error))


def _run(*, as_json: bool) -> None:
    """A line that is no command is told in JSON, too, to whoever reads JSON."""
    if not as_json:
        app(prog_name="carrel")
        return
    try:
        sys.exit(typer.main.get_command(app).main(prog_name="carrel", standalone_mode=False))
    except typer.Abort:
        sys.exit(1)
    except _WRONG_LINE as error:
        raise Invalid(error.format_message()) from error


def _demand_text(words: Sequence[str]) -> None:
    """Bytes that are no text reach us as halves of characters, which no request can carry."""
    for word in words:
        if any("\ud800" <= sign <= "\udfff" for sign in word):
            raise Invalid(f"{word!a} is no text in this terminal's encoding. Is LC_ALL or LANG set right?")
