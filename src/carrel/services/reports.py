"""Reports: a person tells the admins what went wrong, with the timeline and the last log lines; the admins read it and say when it
is done.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from carrel.domain.actor import Actor, System
from carrel.domain.claim import Claim
from carrel.domain.errors import Exhausted, Invalid, NotFound
from carrel.domain.event import Event
from carrel.domain.ids import ClaimId, ReportId, UserId, WorkspaceId
from carrel.domain.page import Page
from carrel.domain.report import Report
from carrel.domain.workspace import Workspace
from carrel.mint import new_id
from carrel.ports.driver import DriverError, Logs, within
from carrel.rules.access import Action, require
from carrel.rules.attachment import attachment, message_text
from carrel.services.attempts import Rate
from carrel.services.context import Context
from carrel.services.visibility import require_seen
from carrel.store import audit, claims, events, reports, troubles, users, workspaces

PER_PERSON: Final = Rate(burst=6, every=60.0)
MOST_OPEN: Final = 30
"""Of one person: whoever has told of so much is better helped by talking to somebody."""
LINES: Final = 200
LOG_WITHIN: Final = 3.0
"""Seconds. A report without the log is better than one that is never sent."""


@dataclass(frozen=True, slots=True)
class ReportView:
    report: Report
    user_name: str


@dataclass(frozen=True, slots=True)
class _Subject:
    """What a report is about."""

    owner: UserId | None
    claim: Claim | None
    workspace: Workspace | None
    events: Sequence[Event]
    secrets: Sequence[str] = field(default=(), repr=False)
    """What no admin is to read: the app's, and what its person keeps for their workspaces."""

    @property
    def target(self) -> str:
        if self.claim is not None:
            return f"claim:{self.claim.id}"
        return f"workspace:{self.workspace.id}" if self.workspace is not None else ""

    @property
    def facts(self) -> list[tuple[str, str]]:
        pool = self.claim or self.workspace
        found = [("Pool", pool.pool if pool is not None else "")]
        if self.claim is not None:
            found.append(("Claim", f"{self.claim.id}, {self.claim.name}, {self.claim.state.value}"))
        row = self.workspace
        if row is not None:
            found.append(("Workspace", f"{row.id}, {row.phase.value}, on {row.backend}"))
            found.append(("Template", f"{row.template}, version {row.template_version}"))
            if row.reason:
                found.append(("Reason", f"{row.reason} ({row.reason_code or 'no code'})"))
        return found


async def send(
    ctx: Context,
    actor: Actor,
    *,
    claim_id: ClaimId | None = None,
    workspace_id: WorkspaceId | None = None,
    message: str = "",
) -> Report:
    """One's open report about the same thing is renewed, not doubled; the machine's owner sends it in its holder's name.

    Raises NotFound, Invalid, Exhausted after too many.
    """
    if (claim_id is None) == (workspace_id is None):
        raise Invalid("Say what it is about: either claim_id or workspace_id.")
    subject = await ctx.store.read(_subject, actor, claim_id, workspace_id)
    sender = _sender(actor, subject)
    wait = ctx.attempts.take(f"report:{sender}", PER_PERSON, ctx.clock.monotonic())
    if wait > 0:
        raise Exhausted(f"You sent several reports just now. Try again in {int(wait) + 1} seconds.")
    report = _report(sender, subject, message, await _log(ctx, subject.workspace), ctx.clock.now())
    return await ctx.store.write(_put, actor, report, subject.target)


async def page(
    ctx: Context, actor: Actor, *, is_open: bool | None = None, after: str | None = None, limit: int = 50
) -> Page[ReportView]:
    """Newest first. For admins."""
    require(actor, Action.ADMINISTER)

    def read(conn: Connection) -> Page[ReportView]:
        found = reports.page(conn, is_open=is_open, after=after, limit=limit)
        return Page([_view(conn, report) for report in found.items], found.next)

    return await ctx.store.read(read)


async def open_count(ctx: Context, actor: Actor) -> int:
    require(actor, Action.ADMINISTER)
    return await ctx.store.read(reports.open_count)


async def get(ctx: Context, actor: Actor, report_id: ReportId) -> ReportView:
    """For admins. Raises NotFound."""
    require(actor, Action.ADMINISTER)
    return await ctx.store.read(_get, report_id)


async def done(ctx: Context, actor: Actor, report_id: ReportId) -> ReportView:
    """It was seen to. Twice is harmless. For admins."""
    require(actor, Action.ADMINISTER)

    def write(conn: Connection) -> None:
        found = _get(conn, report_id).report
        now = ctx.clock.now()
        if reports.done(conn, report_id, audit.name_of(actor), now):
            audit.add(
                conn, now, audit.name_of(actor), "close_report", f"report:{report_id}", f"in {found.pool}"
            )

    await ctx.store.write(write)
    return await get(ctx, actor, report_id)


def _sender(actor: Actor, subject: _Subject) -> UserId:
    if not isinstance(actor, System):
        return actor.user_id
    if subject.owner is None:
        raise Invalid("Nobody holds this workspace. Only a person can tell the admins about it.")
    return subject.owner


def _subject(
    conn: Connection, actor: Actor, claim_id: ClaimId | None, workspace_id: WorkspaceId | None
) -> _Subject:
    """Raises NotFound, also for somebody else's."""
    workspace = workspaces.get(conn, workspace_id) if workspace_id is not None else None
    of_claim = claim_id if claim_id is not None else workspace.claim_id if workspace is not None else None
    claim = claims.get(conn, of_claim) if of_claim is not None else None
    if workspace is None and claim is None:
        raise NotFound(f"There is no such {'claim' if claim_id is not None else 'workspace'}.")
    owner = claim.user_id if claim is not None else workspace.owner if workspace is not None else None
    require_seen(actor, Action.REPORT, owner=owner, thing="claim" if claim_id is not None else "workspace")
    if workspace is None and claim is not None:
        workspace = workspaces.of_claim(conn, claim.id)
    told = [] if claim is None else events.of_claim(conn, claim.id)
    of_workspace = [] if workspace is None else events.of_workspace(conn, workspace.id)
    secrets = [*([workspace.secret] if workspace else []), *(troubles.withheld(conn, owner) if owner else [])]
    return _Subject(owner, claim, workspace, [*told, *of_workspace], secrets)


async def _log(ctx: Context, workspace: Workspace | None) -> str:
    """Nothing where the backend keeps none, or is slow: what was kept of a failure stands in the timeline."""
    if workspace is None or not workspace.is_live:
        return ""
    driver: object = ctx.drivers.get(workspace.backend)
    if isinstance(driver, Logs):
        with suppress(DriverError):
            return await within(LOG_WITHIN, driver.logs(workspace.id, LINES), what="show the log")
    return ""


def _report(user_id: UserId, subject: _Subject, message: str, log: str, now: datetime) -> Report:
    about = subject.claim or subject.workspace
    if about is None:
        raise NotFound("There is nothing to report about.")
    row = subject.workspace
    return Report(
        id=ReportId(new_id()),
        at=now,
        user_id=user_id,
        pool=about.pool,
        message=message_text(message),
        attached=attachment(subject.facts, subject.events, log, secrets=subject.secrets),
        claim_id=subject.claim.id if subject.claim else None,
        workspace_id=row.id if row else None,
    )


def _put(conn: Connection, actor: Actor, report: Report, target: str) -> Report:
    is_new = reports.open_about(conn, report) is None
    if is_new and reports.open_count(conn, report.user_id) >= MOST_OPEN:
        raise Exhausted(f"You have {MOST_OPEN} open reports. Talk to an admin directly.")
    kept = reports.put(conn, report)
    audit.add(conn, report.at, audit.name_of(actor), "report", target, f"report {kept.id}")
    if is_new:
        row, claim = report.workspace_id, report.claim_id
        events.add(
            conn, report.at, "reported", "The administrators were told.", workspace_id=row, claim_id=claim
        )
    return kept


def _view(conn: Connection, report: Report) -> ReportView:
    user = users.get(conn, report.user_id)
    return ReportView(report, user.name if user is not None else "somebody")


def _get(conn: Connection, report_id: ReportId) -> ReportView:
    found = reports.get(conn, report_id)
    if found is None:
        raise NotFound("There is no such report.")
    return _view(conn, found)
