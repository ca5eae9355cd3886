"""carrel audit: who did what to whom, for admins. The trail is only ever read."""

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
    most: Annotated[int, typer.Option("--limit", min=1, help="How many entries at most.")] = 50,
) -> None:
    """The trail, newest first."""
    here.screen.rows(await _newest(here, most), _COLUMNS, empty="Nothing has happened yet.")


async def _newest(here: Here, most: int) -> list[AuditEntry]:
    found: list[AuditEntry] = []
    after: str | None = None
    while len(found) < most:
        told = await audit.page(here.client, after=after, limit=min(most - len(found), _PAGE))
        found += told.items
        after = told.next
        if after is None:
            break
    return found
