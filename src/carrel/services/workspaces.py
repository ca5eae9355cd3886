"""Workspaces: look at one, restart, extend and stop it, read its timeline and log."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from carrel.domain.actor import Actor, System
from carrel.domain.errors import Conflict, Invalid, Unavailable
from carrel.domain.event import Event
from carrel.domain.ids import ClaimId, WorkspaceId
from carrel.domain.instance import Ailment
from carrel.domain.prospect import Prospect
from carrel.domain.reason import Reason, ReasonCode
from carrel.domain.template import Template
from carrel.domain.workspace import Desired, Phase, Workspace
from carrel.ports.driver import DriverError, Logs, Restarts, Spec, starts_with, within
from carrel.ports.wake import ROUTES, claim_topic, pool_topic
from carrel.rules import wording
from carrel.rules.access import Action, owns, require
from carrel.rules.expire import promised_until
from carrel.rules.last_words import unquoted, without
from carrel.rules.term import extended, prospect
from carrel.rules.view import is_ending
from carrel.services import claims as claim_service
from carrel.services.context import Context
from carrel.services.updates import updatable
from carrel.services.visibility import seen_workspace
from carrel.store import ailing, audit, claims, events, pools, templates, troubles, workspaces

LONGEST_LOG = 2000
"""Lines."""
RESTARTS_WITHIN = 120.0
LOG_WITHIN = 10.0
"""Seconds that the request of a person waits for a backend."""


@dataclass(frozen=True, slots=True)
class WorkspaceView:
    workspace: Workspace
    template: Template | None = None
    prospect: Prospect | None = None
    """When it stops, and why; None where nobody holds it, or it does so already."""
    has_update: bool = False
    """The template has a newer version than it runs."""
    ailment: Ailment | None = None
    """What it suffers from now."""


async def get(ctx: Context, actor: Actor, workspace_id: WorkspaceId) -> WorkspaceView:
    """A gone one is still shown, with its phase and reason. Raises NotFound."""
    view = await ctx.store.read(_get, actor, workspace_id)
    claim_id = view.workspace.claim_id
    if claim_id is None:
        return view
    ahead = await ctx.store.read(_ahead, ctx, view.workspace, claim_id)
    ill = await ctx.store.read(ailing.current, [workspace_id]) if not is_ending(view.workspace) else {}
    return replace(view, prospect=ahead, ailment=ill.get(workspace_id))


def _get(
    conn: Connection, actor: Actor, workspace_id: WorkspaceId, action: Action = Action.SEE
) -> WorkspaceView:
    found = seen_workspace(conn, actor, action, workspace_id)
    template = templates.get(conn, found.template, found.template_version)
    return WorkspaceView(found, template, has_update=found.id in updatable(conn, [found], found.pool))


def _ahead(conn: Connection, ctx: Context, found: Workspace, claim_id: ClaimId) -> Prospect | None:
    claim, pool = claims.get(conn, claim_id), pools.get(conn, found.pool)
    return prospect(found, claim, pool, ctx.clock.now(), ctx.zone)


async def stop(ctx: Context, actor: Actor, workspace_id: WorkspaceId) -> WorkspaceView:
    """Stop it: its claim is released with it; files stay. Twice is harmless."""
    view = await ctx.store.read(_get, actor, workspace_id, Action.RELEASE)
    workspace = view.workspace
    if workspace.claim_id is not None:
        await claim_service.release(ctx, actor, workspace.claim_id)
    else:
        require(actor, Action.ADMINISTER)
        await ctx.store.write(_stop_unclaimed, actor, workspace_id, ctx.clock.now())
        ctx.wake.ring(pool_topic(workspace.pool))
        ctx.wake.ring(ROUTES)
    return await get(ctx, actor, workspace_id)


def _stop_unclaimed(conn: Connection, actor: Actor, workspace_id: WorkspaceId, now: datetime) -> None:
    found = workspaces.get(conn, workspace_id)
    if found is None or found.claim_id is not None or found.phase in (Phase.STOPPING, Phase.GONE):
        return
    reason = Reason(ReasonCode.STOPPED_BY_ADMIN, "An administrator stopped it.")
    if workspaces.move(conn, found.id, found.version, Phase.STOPPING, now, reason=reason) is not None:
        audit.add(conn, now, audit.name_of(actor), "stop", f"workspace:{found.id}", reason.sentence)


async def restart(ctx: Context, actor: Actor, workspace_id: WorkspaceId) -> WorkspaceView:
    """End what runs in it and start it again; id, address and files stay. Raises Conflict unless it is ready, Unavailable
    where its backend cannot.
    """
    view = await ctx.store.read(_get, actor, workspace_id, Action.RESTART)
    workspace, template = view.workspace, view.template
    driver: object = ctx.drivers.get(workspace.backend)
    if template is None or not isinstance(driver, Restarts):
        raise Unavailable("This workspace cannot be restarted in place. Release it and take another.")
    begun = await ctx.store.write(_begin_restart, actor, workspace_id, ctx.clock.now())
    try:
        spec = Spec(begun.id, begun.pool, template, begun.secret, starts_with(driver, begun.home_id))
        await within(RESTARTS_WITHIN, driver.restart(spec), what="restart it")
    except DriverError as error:
        raise Unavailable(f"It could not be restarted: {error.sentence}") from error
    finally:
        ctx.wake.ring(pool_topic(workspace.pool))
        ctx.wake.ring(ROUTES)
    return await get(ctx, actor, workspace_id)


def _begin_restart(conn: Connection, actor: Actor, workspace_id: WorkspaceId, now: datetime) -> Workspace:
    found = workspaces.get(conn, workspace_id)
    if found is None or found.phase is not Phase.READY or found.desired is not Desired.RUNNING:
        raise Conflict("Only a workspace that is ready can be restarted. Look at its phase and try again.")
    if found.claim_id is not None and owns(actor, found.owner):
        claims.keep(conn, found.claim_id, now)  # whoever restarts it has not given it back
    reason = Reason(ReasonCode.RESTARTED, "Restarted on request.")
    moved = workspaces.move(conn, found.id, found.version, Phase.STARTING, now, reason=reason)
    if moved is None:
        raise Conflict("It changed meanwhile. Look at its phase and try again.")
    audit.add(conn, now, audit.name_of(actor), "restart", f"workspace:{found.id}", "")
    return moved


async def extend(ctx: Context, actor: Actor, workspace_id: WorkspaceId, hours: float) -> WorkspaceView:
    """Let it run `hours` longer than it would, within the pool's max_age counted from now. Raises Conflict when it is not held."""
    if not 0 < hours <= 168:
        raise Invalid("Extend by more than 0 and at most 168 hours.")
    await ctx.store.write(_extend, ctx, actor, workspace_id, timedelta(hours=hours))
    view = await get(ctx, actor, workspace_id)
    if view.workspace.claim_id is not None:
        ctx.wake.ring(claim_topic(view.workspace.claim_id))
    return view


def _extend(conn: Connection, ctx: Context, actor: Actor, workspace_id: WorkspaceId, more: timedelta) -> None:
    now = ctx.clock.now()
    workspace = seen_workspace(conn, actor, Action.EXTEND, workspace_id)
    if workspace.claim_id is None or workspace.desired is not Desired.RUNNING:
        raise Conflict("Only a workspace that somebody holds can be extended.")
    if owns(actor, workspace.owner):
        claims.keep(conn, workspace.claim_id, now)  # whoever wants more time has not given it back
    pool = pools.get(conn, workspace.pool)
    until = extended(workspace, pool, more, now) if pool else None
    if pool is None or until is None:
        return
    promised = promised_until(workspace, pool)
    stops_at = max(promised, until) if promised is not None else None
    sentence = wording.extended(more, until, now, ctx.zone, by=_giver(actor, workspace))
    workspaces.kept(conn, workspace.id, until, stops_at=stops_at, sentence=sentence, now=now)
    audit.add(conn, now, audit.name_of(actor), "extend", f"workspace:{workspace.id}", until.isoformat())


def _giver(actor: Actor, workspace: Workspace) -> str | None:
    """None where it is its own person."""
    if owns(actor, workspace.owner):
        return None
    return "An administrator" if isinstance(actor, System) else f"{actor.name}, an admin,"


async def timeline(ctx: Context, actor: Actor, workspace_id: WorkspaceId, after: int = 0) -> list[Event]:
    """What happened to it and why; kept after it is gone."""

    def read(conn: Connection) -> list[Event]:
        _get(conn, actor, workspace_id)
        return events.of_workspace(conn, workspace_id, after)

    return await ctx.store.read(read)


async def logs(ctx: Context, actor: Actor, workspace_id: WorkspaceId, lines: int = 200) -> str:
    """The last lines its app printed, without the secret of that app, which nobody's browser needs and an admin could go in with
    unseen, nor its person's variables. Of a gone one what was kept. Raises Unavailable where its backend keeps none or is away.
    """
    if not 0 < lines <= LONGEST_LOG:
        raise Invalid(f"Ask for 1 to {LONGEST_LOG} lines.")
    view = await ctx.store.read(_get, actor, workspace_id, Action.SEE_LOG)
    if not view.workspace.is_live:
        return await ctx.store.read(_kept_lines, workspace_id, lines)
    driver: object = ctx.drivers.get(view.workspace.backend)
    if not isinstance(driver, Logs):
        raise Unavailable("This backend keeps no log.")
    try:
        text = await within(LOG_WITHIN, driver.logs(workspace_id, lines), what="show the log")
    except DriverError as error:
        raise Unavailable(f"The log cannot be read now: {error.sentence}") from error
    owner = view.workspace.owner
    withheld = await ctx.store.read(troubles.withheld, owner) if owner is not None else []
    return without(text, [view.workspace.secret, *withheld])


def _kept_lines(conn: Connection, workspace_id: WorkspaceId, lines: int) -> str:
    found = troubles.printed(conn, workspace_id)
    return "\n".join(unquoted(found.sentence)[-lines:]) if found is not None else ""
