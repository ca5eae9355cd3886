"""`carrel migrate`: bring the store's tables to this version. `carrel up` and `carrel serve` do the same when they start."""

import asyncio
import os

import typer

from carrel.app.migrate import migrate_store
from carrel.cli.up import Config, StateDirectory
from carrel.settings import load


def migrate(*, state_dir: StateDirectory = None, config: Config = None) -> None:
    """Bring the tables to this version of Carrel. Safe to repeat, and while others do it too."""
    given = {"state_dir": str(state_dir.absolute())} if state_dir else {}
    asyncio.run(migrate_store(load(config, given, os.environ)))
    typer.echo("The tables are those of this version.")
