"""carrel pool: what can be claimed, how full it is, and the knobs an admin turns while it runs."""

from typing import Annotated

import typer

from carrel.cli import complete
from carrel.cli.here import Here
from carrel.cli.nouns import command, noun
from carrel.cli.table import Column
from carrel.client import pools
from carrel.domain.errors import Invalid

_FIELDS = (
    "name",
    "template",
    "backend",
    "warm",
    "limit",
    "per_user",
    "paused",
    "counts.ready",
    "counts.starting",
    "counts.claimed",
    "counts.stopping",
    "counts.failed",
    "counts.waiting",
)
_COLUMNS = (
    Column("name"),
    Column("template", 7),
    Column("backend", 8),
    Column("warm", 1),
    Column("limit", 2),
    Column("per_user", 9),
    Column("paused", 3),
    Column("counts.ready"),
    Column("counts.starting", 4),
    Column("counts.claimed", 1),
    Column("counts.stopping", 6),
    Column("counts.failed", 5),
    Column("counts.waiting"),
)

app = noun("pool")

PoolName = Annotated[
    str, typer.Argument(metavar="POOL", help="The pool's name.", autocompletion=complete.pools)
]


@command(app, "list", lists=True)
async def page(here: Here) -> None:
    """All pools. The counts: ready means warm, waiting are people."""
    empty = "No pools. The configuration names them: [pools.NAME] in carrel.toml."
    here.screen.rows(await pools.page(here.client), _COLUMNS, empty=empty)


@command(app, "show")
async def show(here: Here, pool: PoolName) -> None:
    """One pool and what is in it."""
    here.screen.thing(await pools.get(here.client, pool), _FIELDS)


@command(app, "pause")
async def pause(here: Here, pool: PoolName) -> None:
    """Start nothing more in it; what runs goes on."""
    here.screen.thing(await pools.change(here.client, pool, paused=True), _FIELDS)


@command(app, "resume")
async def resume(here: Here, pool: PoolName) -> None:
    """Let it start workspaces again."""
    here.screen.thing(await pools.change(here.client, pool, paused=False), _FIELDS)


@command(app, "resize")
async def resize(
    here: Here,
    pool: PoolName,
    *,
    warm: Annotated[int | None, typer.Option(min=0, help="How many to keep warm.")] = None,
    limit: Annotated[int | None, typer.Option(min=0, help="How many there may be at once.")] = None,
) -> None:
    """Change how many are kept warm and how many there may be."""
    if warm is None and limit is None:
        raise Invalid("Say what to change: --warm, --limit or both.")
    here.screen.thing(await pools.change(here.client, pool, warm=warm, limit=limit), _FIELDS)
