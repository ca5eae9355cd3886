"""carrel token: credentials for scripts. A secret is printed once, when its token is made."""

from typing import Annotated

import typer

from carrel.cli import complete, people
from carrel.cli.here import Here
from carrel.cli.nouns import command, noun
from carrel.cli.table import Column
from carrel.client import tokens
from carrel.domain.actor import Scope

_COLUMNS = (
    Column("id"),
    Column("label"),
    Column("scopes", 1),
    Column("created_at", 4, "made"),
    Column("expires_at", 2, "ends"),
    Column("last_used_at", 3, "used"),
    Column("revoked_at", title="revoked"),
)

app = noun("token")

Whose = Annotated[
    str | None,
    typer.Option("--user", help="Whose: name or id. For admins.", autocompletion=complete.users),
]


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
    owner = await people.meant(here, user)
    made = await tokens.create(
        here.client, label=label, scopes=scope or (Scope.READ, Scope.USE), days=days, user=owner
    )
    if here.screen.as_json:
        here.screen.thing(made, ())
    else:
        here.screen.note(f"Token {made.id}. This is its secret; it is not shown again:")
        here.screen.text(made.secret)


@command(app, "list", lists=True)
async def page(here: Here, *, user: Whose = None) -> None:
    """Your tokens, or for admins somebody's; revoked ones too."""
    owner = await people.meant(here, user)
    found = await tokens.page(here.client, user=owner)
    here.screen.rows(found, _COLUMNS, empty="No tokens. Make one: carrel token create LABEL")


@command(app, "revoke")
async def revoke(
    here: Here,
    token_id: Annotated[
        str, typer.Argument(metavar="TOKEN", help="The token's id.", autocompletion=complete.tokens)
    ],
) -> None:
    """It works no more from the next request on."""
    await tokens.revoke(here.client, token_id)
    here.screen.note(f"Token {token_id} is revoked.")
