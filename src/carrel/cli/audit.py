"""carrel audit: who did what to whom, for admins. The trail is only ever read."""

from collections.abc import Mapping
from typing import Annotated

import typer

from carrel.cli.here import Here
from carrel.cli.nouns import command, noun
from carrel.cli.table import Column
from carrel.client import audit
from carrel.wire.v1 import AuditEntry

_COLUMNS = (
    Column("at"),
    Column("actor"),
    Column("action"),
    Column("target"),
    Column("detail", 1, folds=True),
)
_PAGE = 200

app = noun("audit")


@command(app, "list", lists=True)
async def page(
    here: Here,
    *,
    actor: Annotated[str | None, typer.Option(help="Only of this one, as the trail names them.")] = None,
    action: Annotated[str | None, typer.Option(help="Only this: sign_in, claim, release, …")] = None,
    target: Annotated[str | None, typer.Option(help="Only to this, such as user:ID or pool:NAME.")] = None,
    search: Annotated[str | None, typer.Option(help="Only entries with these words.")] = None,
    most: Annotated[int, typer.Option("--limit", min=1, help="How many entries at most.")] = 50,
) -> None:
    """The trail, newest first."""
    sought = {"actor": actor, "action": action, "target": target, "q": search}
    here.screen.rows(await _newest(here, most, sought), _COLUMNS, empty="Nothing like that has happened yet.")


async def _newest(here: Here, most: int, sought: Mapping[str, str | None]) -> list[AuditEntry]:
    found: list[AuditEntry] = []
    after: str | None = None
    while len(found) < most:
        told = await audit.page(here.client, after=after, limit=min(most - len(found), _PAGE), **sought)
        found += told.items
        after = told.next
        if after is None:
            break
    return found
