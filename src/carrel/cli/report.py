"""carrel report: tell the admins that something is wrong; for admins, what was told."""

from typing import Annotated

import typer

from carrel.cli import complete
from carrel.cli.here import Here
from carrel.cli.nouns import command, noun
from carrel.cli.table import Column
from carrel.client import reports
from carrel.client.paging import every
from carrel.domain.errors import Invalid
from carrel.wire.v1 import WholeReport

_FIELDS = ("id", "at", "user_name", "pool", "claim", "workspace", "message", "done_at", "done_by")
_SENT = ("id", "at", "pool", "claim", "workspace", "message")
_COLUMNS = (
    Column("id"),
    Column("at"),
    Column("user_name", title="from"),
    Column("pool", 2),
    Column("workspace", 3),
    Column("done_at", 1, "done"),
    Column("message", 1, folds=True),
)

app = noun("report")

ReportId = Annotated[str, typer.Argument(metavar="REPORT", help="The report's id.")]


@command(app, "send")
async def send(
    here: Here,
    message: Annotated[str, typer.Argument(help="What is wrong, in your own words.")] = "",
    *,
    claim: Annotated[
        str | None, typer.Option(help="The claim it is about.", autocompletion=complete.claims)
    ] = None,
    workspace: Annotated[
        str | None, typer.Option(help="The workspace it is about.", autocompletion=complete.workspaces)
    ] = None,
) -> None:
    """Tell the admins; the timeline and the last log lines go with it."""
    if (claim is None) == (workspace is None):
        raise Invalid("Say what it is about: --claim or --workspace, one of the two.")
    sent = await reports.send(here.client, claim_id=claim, workspace_id=workspace, message=message)
    here.screen.note("The admins see it, with the timeline and the last log lines.")
    here.screen.thing(sent, _SENT)


@command(app, "list", lists=True)
async def page(
    here: Here,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Those that were seen to, as well.")] = False,
) -> None:
    """Reports nobody has seen to yet, newest first. For admins."""
    found = every(
        lambda after: reports.page(here.client, is_open=None if everything else True, after=after, limit=200)
    )
    empty = "No reports." if everything else "No open reports. All of them: --all"
    here.screen.rows([report async for report in found], _COLUMNS, empty=empty)


@command(app, "show")
async def show(here: Here, report_id: ReportId) -> None:
    """One report, with what is attached to it."""
    _whole(here, await reports.get(here.client, report_id))


@command(app, "done")
async def done(here: Here, report_id: ReportId) -> None:
    """Note that it was seen to."""
    here.screen.thing(await reports.done(here.client, report_id), _FIELDS)


def _whole(here: Here, report: WholeReport) -> None:
    here.screen.thing(report, _FIELDS)
    if not here.screen.as_json and report.attached:
        here.screen.text("\n" + report.attached.rstrip("\n"))
