"""The words of the command, each imported only when it is used: `carrel claim` does not wait for what `carrel serve` needs,
and `carrel --help` for none of them.
"""

import gc
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "up": ("carrel.cli.up:up", "Start Carrel, its data plane and its warm workspaces."),
    "serve": ("carrel.cli.serve:serve", "Run the control plane alone."),
    "envoy": (
        "carrel.cli.envoy:envoy",
        "Run the data plane alone, as a service of its own beside `carrel serve`.",
    ),
    "gate": (
        "carrel.cli.gate:gate",
        "Guard the engine's socket: run by root, it lets a control plane that is not root use the engine, for its own containers alone.",
    ),
    "migrate": ("carrel.cli.migrate:migrate", "Bring the tables to this version of Carrel."),
    "link": (
        "carrel.cli.link:link",
        "Print a fresh link that signs the first admin in, once and within a day.",
    ),
    "doctor": ("carrel.cli.doctor:doctor", "Find out what is wrong, why it matters and what to do."),
    "claim": ("carrel.cli.claim:app", "Ask for a workspace, see how far that is, give it back."),
    "workspace": (
        "carrel.cli.workspace:app",
        "Look at workspaces, restart, extend and stop them, read what they printed.",
    ),
    "home": (
        "carrel.cli.home:app",
        "Somebody's files, apart from every workspace: list, name, download, delete, have back.",
    ),
    "pool": (
        "carrel.cli.pool:app",
        "What can be claimed, how full it is, and the knobs an admin turns while it runs.",
    ),
    "user": ("carrel.cli.user:app", "Let people in, change what they may, shut them out."),
    "template": ("carrel.cli.template:app", "The recipes on offer, and their versions."),
    "variable": (
        "carrel.cli.variable:app",
        "Variables and secrets for your workspaces: names are listed, values are only taken.",
    ),
    "token": ("carrel.cli.token:app", "Make, list and revoke API tokens for scripts."),
    "report": (
        "carrel.cli.report:app",
        "Tell the admins that something is wrong; for admins, what was told.",
    ),
    "settings": ("carrel.cli.settings:settings", "Every setting in effect, and where it comes from."),
    "audit": ("carrel.cli.audit:app", "Who did what to whom, for admins."),
}
"""Word → module and what is in it (a function is one command, an app is a noun with several), and what `carrel --help` says of it:
the first sentence of the thing's own help.
"""


class Words(TyperGroup):
    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands: Any = _Loaded()

    def list_commands(self, ctx: Any) -> list[str]:
        return list(WORDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        return _Later(cmd_name, help=WORDS[cmd_name][1]) if cmd_name in WORDS else None


class _Later(TyperCommand):
    """Says its name and what it is for; is imported when somebody means to run it."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        return _loaded(str(self.name)).make_context(info_name, args, parent, **extra)


class _Loaded(Mapping[str, Any]):
    def __getitem__(self, word: str) -> Any:
        return _loaded(word)

    def __iter__(self) -> Iterator[str]:
        return iter(WORDS)

    def __len__(self) -> int:
        return len(WORDS)


def _loaded(word: str) -> Any:
    module, _, name = WORDS[word][0].partition(":")
    found = getattr(import_module(module), name)
    _settle()
    command = typer.main.get_command(found if isinstance(found, typer.Typer) else _alone(found))
    command.name = word
    return command


def _settle() -> None:
    """What is loaded by now is not looked through for waste again: that would be a fifth of a start, and most of an end."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


def _alone(function: Any) -> typer.Typer:
    app = typer.Typer(add_completion=False)
    app.command()(function)
    return app
