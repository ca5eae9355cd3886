"""The words of the command, each imported only when it is used: `carrel claim` does not wait for what `carrel serve` needs."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperGroup

PLACES: Final[Mapping[str, str]] = {
    "up": "carrel.cli.up:up",
    "serve": "carrel.cli.serve:serve",
    "migrate": "carrel.cli.migrate:migrate",
    "claim": "carrel.cli.claim:app",
    "workspace": "carrel.cli.workspace:app",
    "pool": "carrel.cli.pool:app",
    "user": "carrel.cli.user:app",
    "token": "carrel.cli.token:app",
}
"""Word → module and what is in it: a function is one command, an app is a noun with several."""


class Words(TyperGroup):
    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands: Any = _Later(PLACES)

    def list_commands(self, ctx: Any) -> list[str]:
        return list(PLACES)


class _Later(Mapping[str, Any]):
    def __init__(self, places: Mapping[str, str]) -> None:
        self._places = places

    def __getitem__(self, word: str) -> Any:
        module, _, name = self._places[word].partition(":")
        found = getattr(import_module(module), name)
        command = typer.main.get_command(found if isinstance(found, typer.Typer) else _alone(found))
        command.name = word
        return command

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def _alone(function: Any) -> typer.Typer:
    app = typer.Typer(add_completion=False)
    app.command()(function)
    return app
