"""carrel token: credentials for scripts. A secret is printed once, when its token is made."""

from typing import Annotated

import typer

from carrel.cli import people
from carrel.cli.nouns import Here, command, noun
from carrel.client import tokens
from carrel.domain.actor import Scope

_COLUMNS = ("id", "label", "scopes", "created_at", "expires_at", "last_used_at", "revoked_at")

app = noun("Make, list and revoke API tokens for scripts.")

Whose = Annotated[str | None, typer.Option("--user", help="Whose: name or id. For admins.")]


@command(app, "create")
async def create(
    here: Here,
    label: Annotated[str, typer.Argument(help="What it is for.")],
    *,
    scope: Annotated[
        list[Scope] | None, typer.Option(help="What it may; may be repeated. Default: read, use.")
    ] = None,
    days: Annotated[float, typer.Option(min=0.01, max=3660, help="How long it is valid.")] = 90,
    user: Whose = None,
) -> None:
    """Make a token and print its secret, this once."""
    owner = (await people.find(here.client, user)).id if user else None
    made = await tokens.create(
        here.client, label=label, scopes=scope or (Scope.READ, Scope.USE), days=days, user=owner
    )
    if here.screen.as_json:
        here.screen.thing(made, ())
    else:
        here.screen.note(f"Token {made.id}. This is its secret; it is not shown again:")
        here.screen.text(made.secret)


@command(app, "list")
async def page(here: Here, *, user: Whose = None) -> None:
    """Your tokens, or for admins somebody's; revoked ones too."""
    owner = (await people.find(here.client, user)).id if user else None
    here.screen.rows(await tokens.page(here.client, user=owner), _COLUMNS)


@command(app, "revoke")
async def revoke(
    here: Here, token_id: Annotated[str, typer.Argument(metavar="TOKEN", help="The token's id.")]
) -> None:
    """It works no more from the next request on."""
    await tokens.revoke(here.client, token_id)
    here.screen.note(f"Token {token_id} is revoked.")
