"""The `carrel` command: which words it knows, and how it ends. Every noun is a module of its own."""

import sys
from typing import Annotated

import typer

from carrel import __version__
from carrel.cli import claim, pool, token, user, workspace
from carrel.cli.exits import exit_of
from carrel.cli.migrate import migrate
from carrel.cli.screen import Screen
from carrel.cli.serve import serve
from carrel.cli.up import up
from carrel.domain.errors import CarrelError

app = typer.Typer(
    name="carrel",
    help="Labs that are already running.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for _command in (up, serve, migrate):
    app.command()(_command)

for _name, _noun in {
    "claim": claim,
    "workspace": workspace,
    "pool": pool,
    "user": user,
    "token": token,
}.items():
    app.add_typer(_noun.app, name=_name)


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
    try:
        app()
    except CarrelError as error:
        Screen(as_json="--json" in sys.argv).failure(error)
        sys.exit(exit_of(error))
