"""carrel claim: ask for a workspace, see how far that is, give it back."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from carrel.cli import complete, people
from carrel.cli.cells import span
from carrel.cli.door import lead_in
from carrel.cli.here import Here
from carrel.cli.nouns import command, noun
from carrel.cli.table import Column
from carrel.cli.waiting import telling
from carrel.cli.why import tell
from carrel.client import claims, pools
from carrel.client.paging import every
from carrel.domain.claim import ClaimState
from carrel.domain.errors import Conflict, Invalid, Unavailable
from carrel.domain.units import parse_duration
from carrel.wire.v1 import Claim

_FIELDS = (
    "id",
    "pool",
    "name",
    "state",
    "sentence",
    "parameters",
    "position",
    "estimate_seconds",
    "trouble",
    "home.name",
    "workspace.id",
    "workspace.phase",
    "workspace.url",
)
_COLUMNS = (
    Column("id"),
    Column("pool"),
    Column("name", 2),
    Column("state"),
    Column("position", 1, "place"),
    Column("workspace.id", title="workspace"),
    Column("workspace.phase", title="phase"),
    Column("workspace.owner", 1, "holder"),
    Column("workspace.stops_at", 3, "stops"),
)
_CLOSED = "The pool {pool} is {how}: it starts nothing new until an admin says `carrel pool resume {pool}`."
_EVENTS = (Column("seq", 1), Column("at"), Column("kind", 2), Column("sentence", folds=True))


class _PoolOrCommand(TyperGroup):
    """`carrel claim jupyterlab` means `carrel claim create jupyterlab`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] not in self.commands:
            args = ["create", *args]
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        """Pools first: they are what is mostly meant."""
        words = super().shell_complete(ctx, incomplete)
        if incomplete.startswith("-"):
            return words
        pool = self.commands["create"].params[0]
        return [*pool.shell_complete(ctx, incomplete), *words]


app = noun("claim", cls=_PoolOrCommand)

ClaimId = Annotated[
    str, typer.Argument(metavar="CLAIM", help="The claim's id.", autocompletion=complete.claims)
]
ForWhom = Annotated[
    str | None,
    typer.Option("--user", help="For whom: name or id. For admins.", autocompletion=complete.users),
]


@command(app, "create")
async def create(
    here: Here,
    pool: Annotated[str, typer.Argument(help="The pool to claim from.", autocompletion=complete.pools)],
    *,
    name: Annotated[str, typer.Option(help="Several claims of one pool are told apart by it.")] = "default",
    home: Annotated[
        str | None,
        typer.Option(
            help="The files to bring along, by name. Default: those called like the claim.",
            autocompletion=complete.homes,
        ),
    ] = None,
    parameters: Annotated[
        list[str] | None,
        typer.Option(
            "--parameter",
            "-p",
            metavar="NAME=VALUE",
            help="What the template asks for; several times for several.",
            autocompletion=complete.parameters,
        ),
    ] = None,
    user: ForWhom = None,
    wait: Annotated[bool, typer.Option(help="Wait until it can be entered.")] = True,
    open_browser: Annotated[bool, typer.Option("--open", help="Open it in a browser.")] = False,
) -> None:
    """Ask for a workspace and print its address. `carrel claim POOL` is short for this."""
    user_id = await people.meant(here, user)
    claim = await claims.claim(
        here.client, pool=pool, name=name, home=home, user=user_id, parameters=_pairs(parameters or [])
    )
    if wait and claim.state is ClaimState.WAITING:
        claim = await _waited(here, claim, user)
    _tell(here, claim)
    if open_browser and claim.workspace is not None:
        await lead_in(here, claim.workspace, claim.id)


def _pairs(given: list[str]) -> dict[str, str]:
    for one in given:
        if "=" not in one:
            raise Invalid(f"A parameter is given as NAME=VALUE, not as {one[:60]!r}.")
    return dict(one.split("=", 1) for one in given)


async def _waited(here: Here, claim: Claim, user: str | None) -> Claim:
    """Ctrl-C, and a Carrel that goes away, end the waiting and not the claim. How it was before is not told after how it is."""
    again = _again(claim, user)
    pool = await pools.get(here.client, claim.pool)
    kept = span(parse_duration(pool.watch_within)) or pool.watch_within
    if pool.paused or pool.draining:
        here.screen.note(_CLOSED.format(pool=pool.name, how="drained" if pool.draining else "paused"))
    try:
        with telling(here.screen, claim, kept) as teller:
            past = await claims.events(here.client, claim.id)
            async for told in claims.watch(here.client, claim.id, past[-1].seq if past else 0):
                teller.hear(told)
                claim = told if isinstance(told, Claim) else claim
    except asyncio.CancelledError:
        here.screen.note(
            f"Your place is kept for {kept}. Come back: {again}. Leave the queue: carrel claim release {claim.id}"
        )
        raise
    except Unavailable as error:
        sentence = f"{error.sentence} Your place is kept for {kept}; once it is back: {again}"
        raise Unavailable(sentence, detail=error.detail) from error
    if claim.state is ClaimState.RELEASED:
        raise Conflict(
            f"{claim.sentence or 'The claim ended before a workspace was ready.'} "
            f"All that happened: carrel claim events {claim.id}. Ask again: {again}"
        )
    return claim


def _again(claim: Claim, user: str | None) -> str:
    words = ["carrel claim", claim.pool]
    if claim.name != "default":
        words += ["--name", claim.name]
    if claim.home is not None and claim.home.name != claim.name:
        words += ["--home", claim.home.name]
    if user is not None:
        words += ["--user", user]
    return " ".join(words)


def _tell(here: Here, claim: Claim) -> None:
    if here.screen.as_json or claim.workspace is None:
        here.screen.thing(claim, _FIELDS)
    else:
        here.screen.note(f"Claim {claim.id} holds workspace {claim.workspace.id} of {claim.pool}.")
        here.screen.text(claim.workspace.url)


@command(app, "list", lists=True)
async def page(
    here: Here,
    *,
    pool: Annotated[
        str | None, typer.Option(help="Only of this pool.", autocompletion=complete.pools)
    ] = None,
    state: Annotated[ClaimState | None, typer.Option(help="Only in this state.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Those that were released, as well.")] = False,
    user: Annotated[
        str | None,
        typer.Option(help="Only of this person: name or id. For admins.", autocompletion=complete.users),
    ] = None,
) -> None:
    """Claims that wait or hold a workspace, newest first: your own, or for admins everybody's."""
    user_id = (await people.find(here.client, user)).id if user else None
    states = [state] if state else [None] if everything else [ClaimState.WAITING, ClaimState.HELD]
    found: list[Claim] = []
    for one in states:
        found += [claim async for claim in _every(here, user_id, pool, one)]
    holders = {claim.workspace.owner for claim in found if claim.workspace is not None}
    names = {} if here.screen.as_json else await people.names(here.client, holders)
    here.screen.rows(found, _COLUMNS, names=names, empty="No claims. Ask for a workspace: carrel claim POOL")


def _every(
    here: Here, user_id: str | None, pool: str | None, state: ClaimState | None
) -> AsyncIterator[Claim]:
    return every(
        lambda after: claims.page(here.client, user=user_id, pool=pool, state=state, after=after, limit=200)
    )


@command(app, "show")
async def show(here: Here, claim_id: ClaimId) -> None:
    """One claim, with its place in the queue or its workspace."""
    here.screen.thing(await claims.get(here.client, claim_id), _FIELDS)


@command(app, "why")
async def why(here: Here, claim_id: ClaimId) -> None:
    """Why it failed or takes longer: the cause, whose problem it is, what helps, and what the app printed last."""
    failure = await claims.failure(here.client, claim_id)
    tell(here, failure, await claims.events(here.client, claim_id))


@command(app, "release")
async def release(here: Here, claim_id: ClaimId) -> None:
    """Give it back: its workspace is stopped, files stay."""
    here.screen.thing(await claims.release(here.client, claim_id), _FIELDS)


@command(app, "events", lists=True)
async def events(here: Here, claim_id: ClaimId) -> None:
    """What happened to it, when and why."""
    here.screen.rows(await claims.events(here.client, claim_id), _EVENTS)
