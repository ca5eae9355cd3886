"""carrel pool: what can be claimed, how full it is, and the knobs an admin turns while it runs."""

import inspect
import sys
from collections.abc import Callable
from typing import Annotated, Any, Final

import typer

from carrel.cli import complete
from carrel.cli.here import Here
from carrel.cli.nouns import command, noun
from carrel.cli.table import Column
from carrel.client import pools
from carrel.domain.errors import Invalid
from carrel.settings.recipes import PoolSettings
from carrel.wire.v1 import PoolChange, PoolPreview

_POLICY: Final = tuple(name for name in PoolChange.model_fields if name not in ("paused", "draining"))
"""What `pool set` sets; the other two have commands of their own."""
_COUNTS: Final = tuple(
    f"counts.{name}" for name in ("ready", "starting", "claimed", "stopping", "failed", "waiting")
)
_FIELDS: Final = (
    "name",
    "template",
    "backend",
    "paused",
    "draining",
    *_POLICY,
    *_COUNTS,
    "started_for_people",
    "trouble",
)
_COLUMNS: Final = (
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
    Column("trouble", 10, folds=True),
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
    """One pool, its policy and what is in it."""
    here.screen.thing(await pools.get(here.client, pool), _FIELDS)


@command(app, "pause")
async def pause(here: Here, pool: PoolName) -> None:
    """Start nothing more in it; what runs goes on, and what is ready may still be claimed."""
    here.screen.thing(await pools.change(here.client, pool, paused=True), _FIELDS)


@command(app, "resume")
async def resume(here: Here, pool: PoolName) -> None:
    """Let it start workspaces again, after a pause or a drain."""
    here.screen.thing(await pools.change(here.client, pool, paused=False), _FIELDS)


@command(app, "drain")
async def drain(here: Here, pool: PoolName) -> None:
    """Start nothing more, and stop what nobody holds; what people hold goes on until they give it back."""
    here.screen.thing(await pools.change(here.client, pool, draining=True), _FIELDS)


def _with_policy(function: Callable[..., Any]) -> Callable[..., Any]:
    """An option for each part of a pool's policy, explained as the configuration explains it."""
    kinds = {name: int if PoolChange.model_fields[name].annotation == int | None else str for name in _POLICY}
    options = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=None,
            annotation=Annotated[kind | None, typer.Option(help=_help(name))],
        )
        for name, kind in kinds.items()
    ]
    own = [
        parameter
        for parameter in inspect.signature(function).parameters.values()
        if parameter.kind is not inspect.Parameter.VAR_KEYWORD
    ]
    function.__signature__ = inspect.Signature([*own, *options])  # type: ignore[attr-defined]  # what is read from it
    return function


def _help(name: str) -> str:
    return (PoolSettings.model_fields[name].description or "") if name in PoolSettings.model_fields else ""


@command(app, "set")
@_with_policy
async def change(
    here: Here,
    pool: PoolName,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would happen; change nothing.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask, even where somebody loses a workspace.")
    ] = False,
    **wanted: Any,
) -> None:
    """Change its policy while it runs: what is named changes. Durations are such as 90m or 12h; some may be never."""
    asked = {name: value for name, value in wanted.items() if value is not None}
    if not asked:
        named = ", ".join("--" + name.replace("_", "-") for name in _POLICY)
        raise Invalid(f"Say what to change: {named}.")
    foreseen = await pools.preview(here.client, pool, **asked)
    if dry_run:
        _foretell(here, foreseen)
        return
    if not here.screen.as_json:
        _foretell(here, foreseen)
    if foreseen.releases and not yes and sys.stdin.isatty() and not here.screen.as_json:
        typer.confirm("Somebody loses a workspace or a place in the queue. Go on?", abort=True, err=True)
    done = await pools.change(here.client, pool, **asked)
    if here.screen.as_json:
        here.screen.thing(done, ())
    else:
        here.screen.note("Done.")


def _foretell(here: Here, foreseen: PoolPreview) -> None:
    if here.screen.as_json:
        here.screen.thing(foreseen, ())
        return
    for line in (*foreseen.changes, foreseen.sentence, *foreseen.notes):
        here.screen.text(line)


@command(app, "resize", hidden=True)
async def resize(
    here: Here,
    pool: PoolName,
    *,
    warm: Annotated[int | None, typer.Option(min=0, help="How many to keep warm.")] = None,
    limit: Annotated[int | None, typer.Option(min=0, help="How many there may be at once.")] = None,
) -> None:
    """As `pool set` was called first."""
    if warm is None and limit is None:
        raise Invalid("Say what to change: --warm, --limit or both.")
    here.screen.thing(await pools.change(here.client, pool, warm=warm, limit=limit), _FIELDS)
