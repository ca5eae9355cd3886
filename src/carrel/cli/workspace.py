"""carrel workspace: look at workspaces, restart, extend and stop them, read what they printed."""

import asyncio
from typing import Annotated

import typer

from carrel.cli import complete, people
from carrel.cli.cells import moment
from carrel.cli.door import lead_in
from carrel.cli.here import Here
from carrel.cli.nouns import command, noun
from carrel.cli.table import Column
from carrel.cli.tail import added
from carrel.cli.why import tell
from carrel.client import claims, workspaces
from carrel.client.paging import every
from carrel.domain.claim import ClaimState
from carrel.domain.errors import Conflict, Invalid
from carrel.domain.workspace import LIVE, Phase
from carrel.domain.workspace_list import Sort
from carrel.wire.v1 import Logs, Workspace

_FIELDS = (
    "id",
    "pool",
    "owner",
    "phase",
    "url",
    "base_url",
    "created_at",
    "last_active_at",
    "last_active_because",
    "idle_since",
    "stops_at",
    "stops_because",
    "warned_at",
    "kept_until",
    "unknown",
    "reason",
    "update_available",
)
_COLUMNS = (
    Column("id"),
    Column("pool"),
    Column("owner_name", title="owner"),
    Column("phase"),
    Column("created_at", 4, "made"),
    Column("last_active_at", 3, "used"),
    Column("stops_at", 1, "stops"),
    Column("stops_because", 8, "because", folds=True),
    Column("template", 6),
    Column("backend", 7),
    Column("reason", 2, folds=True),
    Column("url", 5),
)
_EVENTS = (Column("seq", 1), Column("at"), Column("kind", 2), Column("sentence", folds=True))
_MOST_LINES = 2000
FOLLOW_EVERY = 1.0
"""Seconds between two looks at a log that is followed."""

app = noun("workspace")

WorkspaceId = Annotated[
    str,
    typer.Argument(metavar="WORKSPACE", help="The workspace's id.", autocompletion=complete.workspaces),
]


@command(app, "list", lists=True)
async def page(
    here: Here,
    *,
    pool: Annotated[
        str | None, typer.Option(help="Only of this pool.", autocompletion=complete.pools)
    ] = None,
    phase: Annotated[list[Phase] | None, typer.Option(help="Only in this phase; may be repeated.")] = None,
    user: Annotated[
        str | None,
        typer.Option(
            "--user",
            "--owner",
            help="Only of this person: name or id. For admins.",
            autocompletion=complete.users,
        ),
    ] = None,
    sort: Annotated[Sort, typer.Option(help="In which order.")] = Sort.CREATED_AT,
) -> None:
    """Workspaces, newest first: your own, or for admins all, warm ones too. Gone ones only when asked for by phase."""
    whose = (await people.find(here.client, user)).id if user else None
    phases = phase or [one for one in Phase if one in LIVE]
    found = every(
        lambda after: workspaces.page(
            here.client, owner=whose, pool=pool, phases=phases, sort=sort, after=after, limit=200
        )
    )
    is_all = not (pool or phase or user)
    empty = "No workspaces. Open one: carrel claim POOL" if is_all else "No such workspaces."
    here.screen.rows([workspace async for workspace in found], _COLUMNS, empty=empty)


@command(app, "show")
async def show(here: Here, workspace_id: WorkspaceId) -> None:
    """One workspace, also a gone one."""
    found = await workspaces.get(here.client, workspace_id)
    names = {} if here.screen.as_json else await people.names(here.client, [found.owner])
    here.screen.thing(found, _FIELDS, names=names)


@command(app, "open")
async def open_page(here: Here, workspace_id: WorkspaceId) -> None:
    """Print its address, and open it in a browser where there is one."""
    found = await workspaces.get(here.client, workspace_id)
    if found.phase is Phase.GONE:
        raise Conflict(f"It is gone: {found.reason or 'it was stopped.'}")
    if here.screen.as_json:
        here.screen.thing(found, ())
        return
    here.screen.text(found.url)
    await lead_in(here, found, await _claim_of(here, found))


async def _claim_of(here: Here, workspace: Workspace) -> str | None:
    held = every(
        lambda after: claims.page(
            here.client, user=workspace.owner, pool=workspace.pool, state=ClaimState.HELD, after=after
        )
    )
    async for claim in held:
        if claim.workspace is not None and claim.workspace.id == workspace.id:
            return claim.id
    return None


@command(app, "why")
async def why(here: Here, workspace_id: WorkspaceId) -> None:
    """Why it failed: the cause, whose problem it is, what helps, and what its app printed last. Else why it ended, or when it stops."""
    failure = await workspaces.failure(here.client, workspace_id)
    tell(here, failure, await workspaces.events(here.client, workspace_id))
    ending = _ending(await workspaces.get(here.client, workspace_id)) if failure is None else None
    if ending is not None:
        here.screen.note(ending)


def _ending(found: Workspace) -> str | None:
    """In a sentence, for one with which nothing is wrong."""
    if found.unknown is not None:
        return found.unknown
    if found.stops_because is not None and found.stops_at is not None:
        return f"It stops at {moment(found.stops_at)}, {found.stops_because}."
    return found.reason


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


@command(app, "events", lists=True)
async def events(here: Here, workspace_id: WorkspaceId) -> None:
    """What happened to it, when and why; kept after it is gone."""
    here.screen.rows(await workspaces.events(here.client, workspace_id), _EVENTS)


Lines = Annotated[int, typer.Option(min=1, max=_MOST_LINES, help="How many at most.")]


@command(app, "logs")
async def logs(
    here: Here,
    workspace_id: WorkspaceId,
    lines: Lines = 200,
    *,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with what it prints from now on, until Ctrl-C.")
    ] = False,
) -> None:
    """The last lines its app printed; of a gone one those that were kept."""
    if follow and here.screen.as_json:
        raise Invalid("--follow goes on without an end, which no JSON can. Leave one of the two out.")
    text = await workspaces.logs(here.client, workspace_id, _MOST_LINES if follow else lines)
    if here.screen.as_json:
        here.screen.thing(Logs(text=text), ())
        return
    seen = text.splitlines()
    if seen:
        here.screen.text("\n".join(seen[-lines:]))
    else:
        here.screen.note("It has printed nothing yet.")
    if follow:
        await _follow(here, workspace_id, seen)


@command(app, "log", hidden=True)
async def log(here: Here, workspace_id: WorkspaceId, lines: Lines = 200) -> None:
    """As it was called first."""
    await logs(here, workspace_id, lines)


async def _follow(here: Here, workspace_id: str, seen: list[str]) -> None:
    """Until it is gone, or somebody presses Ctrl-C."""
    while True:
        await asyncio.sleep(FOLLOW_EVERY)
        now = (await workspaces.logs(here.client, workspace_id, _MOST_LINES)).splitlines()
        if fresh := added(seen, now):
            here.screen.text("\n".join(fresh))
        elif (found := await workspaces.get(here.client, workspace_id)).phase is Phase.GONE:
            here.screen.note(f"It is gone: {found.reason or 'it was stopped.'}")
            return
        seen = now
