"""carrel pool: what can be claimed, how full it is, and the knobs an admin turns while it runs."""

from typing import Annotated

import typer

from carrel.cli.nouns import Here, command, noun
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

app = noun("What can be claimed, how full it is, and the knobs an admin turns while it runs.")

PoolName = Annotated[str, typer.Argument(metavar="POOL", help="The pool's name.")]


@command(app, "list")
async def page(here: Here) -> None:
    """All pools. The counts: ready means warm, waiting are people."""
    here.screen.rows(await pools.page(here.client), _FIELDS)


@command(app, "show")
async def show(here: Here, name: PoolName) -> None:
    """One pool and what is in it."""
    here.screen.thing(await pools.get(here.client, name), _FIELDS)


@command(app, "pause")
async def pause(here: Here, name: PoolName) -> None:
    """Start nothing more in it; what runs goes on."""
    here.screen.thing(await pools.change(here.client, name, paused=True), _FIELDS)


@command(app, "resume")
async def resume(here: Here, name: PoolName) -> None:
    """Let it start workspaces again."""
    here.screen.thing(await pools.change(here.client, name, paused=False), _FIELDS)


@command(app, "resize")
async def resize(
    here: Here,
    name: PoolName,
    *,
    warm: Annotated[int | None, typer.Option(min=0, help="How many to keep warm.")] = None,
    limit: Annotated[int | None, typer.Option(min=0, help="How many there may be at once.")] = None,
) -> None:
    """Change how many are kept warm and how many there may be."""
    if warm is None and limit is None:
        raise Invalid("Say what to change: --warm, --limit or both.")
    here.screen.thing(await pools.change(here.client, name, warm=warm, limit=limit), _FIELDS)
