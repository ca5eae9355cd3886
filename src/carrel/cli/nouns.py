"""How a noun command is made: an async function of `Here` becomes a command with the options that all of them have."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Concatenate, ParamSpec

import typer

from carrel.cli import reach
from carrel.cli.exits import exit_of
from carrel.cli.screen import Screen
from carrel.client import Client
from carrel.domain.errors import CarrelError

P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Here:
    """The Carrel a command talks to, and where it prints."""

    client: Client
    screen: Screen


Command = Callable[Concatenate[Here, P], Awaitable[None]]

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, as the API has it.")]
StateDir = Annotated[
    Path | None,
    typer.Option("--state-dir", help="State directory of the Carrel to talk to, on this machine."),
]
Url = Annotated[
    str | None, typer.Option("--url", help="Address of the Carrel to talk to, with CARREL_TOKEN.")
]

_SHARED = {"as_json": (AsJson, False), "state_dir": (StateDir, None), "url": (Url, None)}


def noun(summary: str, *, cls: type[typer.core.TyperGroup] | None = None) -> typer.Typer:
    return typer.Typer(
        add_completion=False, help=summary, no_args_is_help=True, cls=cls, pretty_exceptions_enable=False
    )


def command(app: typer.Typer, name: str) -> Callable[[Command[P]], Command[P]]:
    def register(function: Command[P]) -> Command[P]:
        app.command(name, help=inspect.getdoc(function))(_with_shared(function))
        return function

    return register


def _with_shared(function: Command[P]) -> Callable[..., None]:
    def run(*, as_json: bool, state_dir: Path | None, url: str | None, **own: Any) -> None:
        screen = Screen(as_json=as_json)
        try:
            asyncio.run(_within(function, screen, state_dir, url, own))
        except CarrelError as error:
            screen.failure(error)
            raise typer.Exit(exit_of(error)) from error

    own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
    keyword = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own]
    shared = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
        for name, (kind, default) in _SHARED.items()
    ]
    described = inspect.Signature([*keyword, *shared])
    run.__signature__ = described  # type: ignore[attr-defined]  # what typer reads options from
    run.__annotations__ = {name: parameter.annotation for name, parameter in described.parameters.items()}
    return run


async def _within(
    function: Callable[..., Awaitable[None]],
    screen: Screen,
    state_dir: Path | None,
    url: str | None,
    own: dict[str, Any],
) -> None:
    async with reach.client(state_dir, url) as client:
        await function(Here(client, screen), **own)
