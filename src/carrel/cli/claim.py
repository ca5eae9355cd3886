"""carrel claim: ask for a workspace, see how far that is, give it back."""

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from carrel.cli import people
from carrel.cli.nouns import Here, command, noun
from carrel.client import claims
from carrel.client.paging import every
from carrel.domain.claim import ClaimState
from carrel.domain.errors import Conflict
from carrel.wire.v1 import Claim, Event

_FIELDS = ("id", "pool", "name", "state", "position", "estimate_seconds", "workspace.id", "workspace.url")
_COLUMNS = ("id", "pool", "name", "state", "position", "workspace.id", "workspace.phase")


class _PoolOrCommand(TyperGroup):
    """`carrel claim jupyterlab` means `carrel claim create jupyterlab`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] not in self.commands:
            args = ["create", *args]
        return super().resolve_command(ctx, args)


app = noun("Ask for a workspace, see how far that is, give it back.", cls=_PoolOrCommand)

ClaimId = Annotated[str, typer.Argument(metavar="CLAIM", help="The claim's id.")]


@command(app, "create")
async def create(
    here: Here,
    pool: Annotated[str, typer.Argument(help="The pool to claim from.")],
    *,
    name: Annotated[str, typer.Option(help="Several claims of one pool are told apart by it.")] = "default",
    user: Annotated[str | None, typer.Option(help="For whom: name or id. For admins.")] = None,
    wait: Annotated[bool, typer.Option(help="Wait until it can be entered.")] = True,
) -> None:
    """Ask for a workspace and print its address. `carrel claim POOL` is short for this."""
    user_id = (await people.find(here.client, user)).id if user else None
    claim = await claims.claim(here.client, pool=pool, name=name, user=user_id)
    if wait and claim.state is ClaimState.WAITING:
        claim = await _waited(here, claim)
    _tell(here, claim)


async def _waited(here: Here, claim: Claim) -> Claim:
    async for told in claims.watch(here.client, claim.id):
        match told:
            case Claim():
                claim = told
                _tell_place(here, claim)
            case Event():
                here.screen.note(told.sentence)
    if claim.state is ClaimState.RELEASED:
        raise Conflict(
            "The claim ended before a workspace was ready. `carrel claim events` says why; claim again."
        )
    return claim


def _tell_place(here: Here, claim: Claim) -> None:
    if claim.state is ClaimState.WAITING:
        about = f", about {claim.estimate_seconds:.0f} s" if claim.estimate_seconds is not None else ""
        here.screen.note(f"Waiting: place {claim.position}{about}.")


def _tell(here: Here, claim: Claim) -> None:
    if here.screen.as_json or claim.workspace is None:
        here.screen.thing(claim, _FIELDS)
    else:
        here.screen.note(f"Claim {claim.id} holds workspace {claim.workspace.id} of {claim.pool}.")
        here.screen.text(claim.workspace.url)


@command(app, "list")
async def page(
    here: Here,
    *,
    pool: Annotated[str | None, typer.Option(help="Only of this pool.")] = None,
    state: Annotated[ClaimState | None, typer.Option(help="Only in this state.")] = None,
    user: Annotated[str | None, typer.Option(help="Only of this person: name or id. For admins.")] = None,
) -> None:
    """Claims, newest first: your own, or for admins everybody's."""
    user_id = (await people.find(here.client, user)).id if user else None
    found = every(
        lambda after: claims.page(here.client, user=user_id, pool=pool, state=state, after=after, limit=200)
    )
    here.screen.rows([claim async for claim in found], _COLUMNS)


@command(app, "show")
async def show(here: Here, claim_id: ClaimId) -> None:
    """One claim, with its place in the queue or its workspace."""
    here.screen.thing(await claims.get(here.client, claim_id), _FIELDS)


@command(app, "release")
async def release(here: Here, claim_id: ClaimId) -> None:
    """Give it back: its workspace is stopped, files stay."""
    here.screen.thing(await claims.release(here.client, claim_id), _FIELDS)


@command(app, "events")
async def events(here: Here, claim_id: ClaimId) -> None:
    """What happened to it, when and why."""
    here.screen.rows(await claims.events(here.client, claim_id), ("seq", "at", "kind", "sentence"))
