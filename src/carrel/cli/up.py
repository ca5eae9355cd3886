"""`carrel up`: everything on one machine, from nothing to a sign-in link."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from carrel.app.machine import Announcement, Wishes, run_machine
from carrel.cli import browser
from carrel.settings import load

Config = Annotated[
    Path | None, typer.Option(help="A TOML file, or a folder of them. Default: carrel.toml here.")
]
StateDirectory = Annotated[
    Path | None, typer.Option(help="Where everything that must outlive a restart is kept.")
]


def up(
    *,
    host: Annotated[
        str | None, typer.Option(help="The address to listen on. Default 127.0.0.1: this machine.")
    ] = None,
    port: Annotated[int | None, typer.Option(help="The hub's port. Default 8000.")] = None,
    workspaces_port: Annotated[int | None, typer.Option(help="The workspaces' port. Default 8001.")] = None,
    public_url: Annotated[str | None, typer.Option(help="What people type to reach the hub.")] = None,
    state_dir: StateDirectory = None,
    config: Config = None,
    open_browser: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the sign-in link in a browser, where there is one.")
    ] = True,
    keep: Annotated[bool, typer.Option("--keep", help="Ctrl-C leaves the workspaces running.")] = False,
    restart_dataplane: Annotated[
        bool,
        typer.Option(
            "--restart-dataplane", help="Bring changed data plane settings in; cuts open connections."
        ),
    ] = False,
) -> None:
    """Start Carrel, its data plane and its warm workspaces. Ctrl-C ends them; files and history stay.

    SIGTERM ends the control plane alone: people go on working, and the next `carrel up` finds everything again.
    """
    given = {
        "host": host,
        "port": port,
        "workspaces_port": workspaces_port,
        "public_url": public_url,
        "state_dir": str(state_dir.absolute()) if state_dir else None,
    }
    settings = load(config, {key: value for key, value in given.items() if value is not None}, os.environ)

    def announce(told: Announcement) -> None:
        link = f"Sign in as admin (once, within a day): {told.link}" if told.link is not None else None
        _say([*told.notes, f"Carrel is ready: {told.hub}", *([link] if link else [])])
        if open_browser and sys.stdout.isatty():
            _show(told, settings.state_dir / "run")

    run_machine(settings, Wishes(keep_workspaces=keep, restart_dataplane=restart_dataplane), announce)


def _show(told: Announcement, run: Path) -> None:
    if told.link is not None:
        browser.show_secret(told.link, run)
    else:
        browser.show(told.hub)


def _say(lines: Sequence[str]) -> None:
    """Whoever read this may be gone (`carrel up | head -1`, a closed terminal); people are served all the same."""
    try:
        for line in lines:
            typer.echo(line)
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
