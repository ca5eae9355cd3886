"""carrel workspace: look at workspaces, restart, extend and stop them, read what they printed."""

from typing import Annotated

import typer

from carrel.cli import people
from carrel.cli.nouns import Here, command, noun
from carrel.client import workspaces
from carrel.client.paging import every
from carrel.domain.workspace import Phase
from carrel.wire.v1 import Logs

_FIELDS = (
    "id",
    "pool",
    "owner",
    "phase",
    "url",
    "base_url",
    "created_at",
    "last_active_at",
    "stops_at",
    "reason",
)
_COLUMNS = ("id", "pool", "owner", "phase", "created_at", "stops_at", "reason")

app = noun("Look at workspaces, restart, extend and stop them, read what they printed.")

WorkspaceId = Annotated[str, typer.Argument(metavar="WORKSPACE", help="The workspace's id.")]


@command(app, "list")
async def page(
    here: Here,
    *,
    pool: Annotated[str | None, typer.Option(help="Only of this pool.")] = None,
    phase: Annotated[list[Phase] | None, typer.Option(help="Only in this phase; may be repeated.")] = None,
    owner: Annotated[str | None, typer.Option(help="Only of this person: name or id. For admins.")] = None,
) -> None:
    """Workspaces, newest first: your own, or for admins all, warm ones too. Gone ones only when asked for by phase."""
    whose = (await people.find(here.client, owner)).id if owner else None
    phases = phase or [one for one in Phase if one is not Phase.GONE]
    found = every(
        lambda after: workspaces.page(
            here.client, owner=whose, pool=pool, phases=phases, after=after, limit=200
        )
    )
    here.screen.rows([workspace async for workspace in found], _COLUMNS)


@command(app, "show")
async def show(here: Here, workspace_id: WorkspaceId) -> None:
    """One workspace, also a gone one."""
    here.screen.thing(await workspaces.get(here.client, workspace_id), _FIELDS)


@command(app, "stop")
async def stop(here: Here, workspace_id: WorkspaceId) -> None:
    """Stop it and release its claim; files stay."""
    here.screen.thing(await workspaces.stop(here.client, workspace_id), _FIELDS)


@command(app, "restart")
async def restart(here: Here, workspace_id: WorkspaceId) -> None:
    """End what runs in it and start it again; id, address and files stay."""
    here.screen.thing(await workspaces.restart(here.client, workspace_id), _FIELDS)


@command(app, "extend")
async def extend(
    here: Here,
    workspace_id: WorkspaceId,
    hours: Annotated[float, typer.Option(min=0.01, max=168, help="How much longer.")] = 1.0,
) -> None:
    """Let it run longer than it would."""
    here.screen.thing(await workspaces.extend(here.client, workspace_id, hours), _FIELDS)


@command(app, "events")
async def events(here: Here, workspace_id: WorkspaceId) -> None:
    """What happened to it, when and why; kept after it is gone."""
    here.screen.rows(await workspaces.events(here.client, workspace_id), ("seq", "at", "kind", "sentence"))


@command(app, "log")
async def log(
    here: Here,
    workspace_id: WorkspaceId,
    lines: Annotated[int, typer.Option(min=1, max=2000, help="How many at most.")] = 200,
) -> None:
    """The last lines its app printed."""
    text = await workspaces.logs(here.client, workspace_id, lines)
    if here.screen.as_json:
        here.screen.thing(Logs(text=text), ())
    else:
        here.screen.text(text.rstrip("\n"))
