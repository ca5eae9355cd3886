"""carrel template: the recipes on offer. They come from the configuration and are changed there."""

from typing import Annotated

import typer

from carrel.cli import complete
from carrel.cli.here import Here
from carrel.cli.nouns import command, noun
from carrel.cli.table import Column
from carrel.client import templates

_FIELDS = ("name", "version", "title", "description", "image", "open", "home", "memory", "price_per_hour")
_COLUMNS = (
    Column("name"),
    Column("title"),
    Column("home", 2),
    Column("memory", 3),
    Column("price_per_hour", 4),
    Column("version", 5),
    Column("image", 6),
    Column("description", 1, folds=True),
)

app = noun("template")


@command(app, "list", lists=True)
async def page(here: Here) -> None:
    """All templates, by name."""
    here.screen.rows(await templates.page(here.client), _COLUMNS, empty="No templates.")


@command(app, "show")
async def show(
    here: Here,
    template: Annotated[
        str,
        typer.Argument(metavar="TEMPLATE", help="The template's name.", autocompletion=complete.templates),
    ],
) -> None:
    """One template."""
    here.screen.thing(await templates.get(here.client, template), _FIELDS)
