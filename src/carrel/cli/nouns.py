"""How a noun command is made: an async function of `Here` becomes a command with the options that all of them have."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, Concatenate, ParamSpec

import typer

from carrel.cli.advice import next_step
from carrel.cli.exits import exit_of
from carrel.cli.here import Here
from carrel.cli.reach import Place, place
from carrel.cli.screen import Screen
from carrel.cli.words import WORDS
from carrel.domain.errors import CarrelError

P = ParamSpec("P")


Command = Callable[Concatenate[Here, P], Awaitable[None]]

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, as the API has it.")]
StateDir = Annotated[
    Path | None,
    typer.Option("--state-dir", help="State directory of the Carrel to talk to, on this machine."),
]
Url = Annotated[
    str | None, typer.Option("--url", help="Address of the Carrel to talk to, with CARREL_TOKEN.")
]
Wide = Annotated[
    bool, typer.Option("--wide", help="Every column, and times to the minute, however narrow the terminal.")
]

_SHARED = {"as_json": (AsJson, False), "state_dir": (StateDir, None), "url": (Url, None)}
_OF_LISTS = {"wide": (Wide, False)}


def noun(word: str, *, cls: type[typer.core.TyperGroup] | None = None) -> typer.Typer:
    app = typer.Typer(
        add_completion=False,
        help=WORDS[word][1],
        no_args_is_help=True,
        cls=cls,
        pretty_exceptions_enable=False,
    )
    app.callback()(_whatever_follows)
    return app


def _whatever_follows() -> None:  # with it, a noun of one command is a noun, too
    return None


def command(
    app: typer.Typer, name: str, *, lists: bool = False, hidden: bool = False
) -> Callable[[Command[P]], Command[P]]:
    """`lists`: it prints a table."""

    def register(function: Command[P]) -> Command[P]:
        app.command(name, help=inspect.getdoc(function), hidden=hidden)(with_shared(function, lists=lists))
        return function

    return register


def with_shared(function: Command[P], *, lists: bool = False) -> Callable[..., None]:
    """The function as a command of its own, with the options that all commands have."""

    def run(
        *, as_json: bool, state_dir: Path | None, url: str | None, wide: bool = False, **own: Any
    ) -> None:
        screen = Screen(as_json=as_json, wide=wide)
        try:
            asyncio.run(_within(function, screen, place(state_dir, url), own))
        except CarrelError as error:
            screen.failure(error)
            raise typer.Exit(exit_of(error)) from error

    described = _described(function, _SHARED | (_OF_LISTS if lists else {}))
    run.__signature__ = described  # type: ignore[attr-defined]  # what typer reads options from
    run.__annotations__ = {name: parameter.annotation for name, parameter in described.parameters.items()}
    run.__doc__ = inspect.getdoc(function)
    return run


def _described(function: Callable[..., Any], shared: dict[str, Any]) -> inspect.Signature:
    own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
    keyword = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own]
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
        for name, (kind, default) in shared.items()
    ]
    return inspect.Signature([*keyword, *added])


async def _within(
    function: Callable[..., Awaitable[None]], screen: Screen, there: Place, own: dict[str, Any]
) -> None:
    async with there.client() as client:
        here = Here(client, screen, there)
        try:
            await function(here, **own)
        except CarrelError as error:
            screen.failure(error, await next_step(error, here, own))
            raise typer.Exit(exit_of(error)) from error
