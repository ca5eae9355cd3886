"""`carrel settings`: what the running Carrel was told, and by whom. They are changed in the configuration."""

from typing import Annotated

import typer

from carrel.cli.here import Here
from carrel.cli.nouns import with_shared
from carrel.cli.table import Column
from carrel.client import settings as client

_COLUMNS = (
    Column("key"),
    Column("value", folds=True),
    Column("running", 2, "runs with"),
    Column("source", 1, folds=True),
    Column("line", 3),
    Column("default", 4, folds=True),
    Column("meaning", 5, folds=True),
)


async def _settings(
    here: Here,
    key: Annotated[str, typer.Argument(help="Only those that begin so, such as pools.jupyterlab.")] = "",
    *,
    changed: Annotated[bool, typer.Option("--changed", help="Only what somebody set.")] = False,
) -> None:
    """Every setting in effect, and where it comes from. For admins; secrets are not shown."""
    found = [
        setting
        for setting in await client.page(here.client)
        if setting.key.startswith(key) and not (changed and setting.source in ("default", "built-in"))
    ]
    here.screen.rows(found, _COLUMNS, empty="No such settings.")


settings = with_shared(_settings, lists=True)
