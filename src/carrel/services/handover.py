"""The verified hand-over: a claimed workspace becomes its person's only after its app answered and their files are in it.

A workspace that fails here is given up and the claim takes the next warm one, or its old place in the queue; the person does not notice.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from carrel.domain.claim import Claim, ClaimState
from carrel.domain.ids import BackendName, HomeId, WorkspaceId
from carrel.domain.reason import Reason, ReasonCode
from carrel.domain.template import HomeKind, Template
from carrel.domain.workspace import Desired, Phase, Workspace
from carrel.mint import new_id
from carrel.ports.driver import Attaches, DriverError, DriverUnavailable, brings_files_at_start, within
from carrel.ports.driver import home_place as place_of
from carrel.ports.probe import app_answers
from carrel.ports.wake import claim_topic, pool_topic
from carrel.rules import expire
from carrel.rules.home_wording import COMING_OUT, at_another_place, with_another
from carrel.rules.preparation import prepares
from carrel.services.context import Context
from carrel.services.delivering import deliver
from carrel.services.preparing import NoLongerHeld, prepare
from carrel.store import claims, events, homes, pools, templates, workspaces

TRIES = 5
"""Warm workspaces tried for one claim in one go; after that the claim waits and the reconciler goes on. Bounds one request's time."""

ATTACHES_WITHIN = 20.0
"""Seconds. Somebody waits for the answer of this very request; the reconciler tries on."""


_STARTED_WITHOUT: Final = Reason(
    ReasonCode.ATTACH_FAILED, "It was started without these files, and its backend brings none in later."
)


@dataclass(frozen=True, slots=True)
class _Holding:
    """What a held claim holds; `workspace` is None where there is nothing (any more) to hand over."""

    claim: Claim
    workspace: Workspace | None = None
    template: Template | None = None
    home_id: HomeId | None = None
    """What is to be brought in; None where the template keeps no files."""
    is_late: str | None = None
    """Why it cannot be brought in for now, where that is known already."""


class _NotNow(Exception):
    """Nothing is wrong with the workspace, and yet its claim has to wait, or has come to an end meanwhile."""


def home_place(ctx: Context, backend: BackendName) -> str | None:
    """Where the homes are that this backend can bring in; None where it brings none."""
    return place_of(ctx.drivers.get(backend), backend)


async def hand_over(ctx: Context, claim: Claim, *, is_awaited: bool = False) -> Claim:
    """Idempotent; the reconciler calls it again after a crash, and once files that are still elsewhere are out. `is_awaited`: by a
    request, which cannot wait for a start-up script; that is left to the reconciler.

    Returns the claim as it stands then: held and attached; held, when its files are still in its person's former workspace; or
    waiting, when every warm workspace tried was dead. Raises DriverUnavailable when the backend is away: then it is held and not
    attached, and to be tried again.
    """
    for _ in range(TRIES):
        if claim.state is not ClaimState.HELD:
            return claim
        holding = await ctx.store.write(_holding, claim, HomeId(new_id()), ctx.clock.now())
        claim, workspace, template = holding.claim, holding.workspace, holding.template
        if workspace is None or template is None or workspace.attached_at is not None:
            return claim
        if is_awaited and prepares(template):
            return claim
        try:
            fault = await _fault(ctx, claim, workspace, template, holding)
            fault = fault or await deliver(ctx, claim, workspace, template)
            if fault is None:
                await prepare(ctx, claim, workspace, template)
        except (_NotNow, NoLongerHeld):
            ctx.wake.ring(claim_topic(claim.id))
            return claim
        except DriverUnavailable as error:
            await ctx.store.write(_tell, claim, error.sentence, ctx.clock.now())
            ctx.wake.ring(claim_topic(claim.id))
            raise
        if fault is None:
            await ctx.store.write(_record, claim, workspace.id, holding.home_id, ctx.clock.now())
            ctx.wake.ring(claim_topic(claim.id))
            return claim
        claim = await ctx.store.write(_give_up, claim, workspace, fault, ctx.clock.now())
        ctx.wake.ring(pool_topic(claim.pool))
    return claim


def _holding(conn: Connection, claim: Claim, candidate: HomeId, now: datetime) -> _Holding:
    current = claims.get(conn, claim.id) or claim
    workspace = workspaces.of_claim(conn, claim.id) if current.state is ClaimState.HELD else None
    if workspace is None:
        return _Holding(current)
    template = templates.get(conn, workspace.template, workspace.template_version)
    if template is None or template.home is not HomeKind.PERSISTENT:
        return _Holding(current, workspace, template)
    if current.home_id is not None:
        return _Holding(current, workspace, template, current.home_id)
    # the template kept no files when the claim was made, or an older version of us made it
    home = homes.ensure(conn, candidate, current.user_id, current.name, now)
    if claims.bring(conn, current.id, home.id):
        return _Holding(current, workspace, template, home.id)
    other = claims.having(conn, home.id)
    is_late = with_another(home.name, other) if other is not None else COMING_OUT
    return _Holding(current, workspace, template, is_late=is_late)


async def _fault(
    ctx: Context, claim: Claim, workspace: Workspace, template: Template, holding: _Holding
) -> Reason | None:
    """What keeps this workspace from being handed over, or None. Raises DriverUnavailable when that cannot be known now."""
    driver, home_id = ctx.drivers.get(workspace.backend), holding.home_id
    if holding.is_late is not None:
        raise DriverUnavailable(holding.is_late)
    if workspace.endpoint is None or driver is None:
        return Reason(ReasonCode.LOST, "It had no address any more.")
    if not await app_answers(
        ctx.probe, driver, workspace=workspace, endpoint=workspace.endpoint, recipe=template
    ):
        return Reason(ReasonCode.UNRESPONSIVE, "It was running but did not answer.")
    if home_id is None or not isinstance(driver, Attaches):
        return _STARTED_WITHOUT if brings_files_at_start(driver) and workspace.home_id != home_id else None
    place = home_place(ctx, workspace.backend) or ""
    if not await ctx.store.write(_take_in, claim, workspace, home_id, place=place, now=ctx.clock.now()):
        raise _NotNow
    return await _attach(driver, workspace, home_id)


def _take_in(
    conn: Connection, claim: Claim, workspace: Workspace, home_id: HomeId, *, place: str, now: datetime
) -> bool:
    """Raises DriverUnavailable where that cannot be said to change soon, so that it is tried ever more slowly."""
    if homes.take_in(conn, home_id, workspace.id, claim.id, place=place, now=now) is not None:
        return True
    row, home = workspaces.get(conn, workspace.id), homes.get(conn, home_id)
    if row is None or row.claim_id != claim.id or row.phase is not Phase.READY or home is None:
        return False
    if home.workspace_id in (None, workspace.id):
        raise DriverUnavailable(at_another_place(home.name, claim.pool))
    events.add_news(conn, now, "delayed", COMING_OUT, claim_id=claim.id)
    return False


async def _attach(driver: Attaches, workspace: Workspace, home_id: HomeId) -> Reason | None:
    try:
        await within(ATTACHES_WITHIN, driver.attach(workspace.id, home_id), what="bring the files in")
    except DriverUnavailable:
        raise
    except DriverError as error:
        return Reason(ReasonCode.ATTACH_FAILED, error.sentence)
    return None


def _tell(conn: Connection, claim: Claim, why: str, now: datetime) -> None:
    """That their files are late, and why; once as long as it stays the same."""
    sentence = f"Your files could not be brought in yet; it is tried again. {why}"
    events.add_news(conn, now, "delayed", sentence, claim_id=claim.id)


def _record(
    conn: Connection, claim: Claim, workspace_id: WorkspaceId, home_id: HomeId | None, now: datetime
) -> None:
    """With the time at which it will stop, so that its person knows from the first moment. As it is now: preparing may take minutes,
    in which somebody gave it more time.
    """
    workspace = workspaces.get(conn, workspace_id)
    if workspace is None or workspace.claim_id != claim.id or not _is_usable(workspace):
        return
    if workspaces.attached(conn, workspace.id, workspace.version, home_id, now) is None:
        return
    pool = pools.get(conn, workspace.pool)
    ends_at = expire.promised_until(workspace, pool) if pool else None
    if ends_at is not None:
        workspaces.extend(conn, workspace.id, ends_at)


def _is_usable(workspace: Workspace) -> bool:
    is_running = workspace.phase is Phase.READY and workspace.desired is Desired.RUNNING
    return is_running and workspace.attached_at is None


def _give_up(conn: Connection, claim: Claim, workspace: Workspace, fault: Reason, now: datetime) -> Claim:
    """The claim goes back to its place in the queue before the workspace is marked, so that it is not ended with it.

    Somebody else may have handed over meanwhile, this workspace or another one: what is in its person's hands stays there.
    """
    holds = workspaces.of_claim(conn, claim.id)
    if holds is None or holds.id != workspace.id or holds.attached_at is not None:
        return claims.get(conn, claim.id) or claim
    claims.unassign(conn, claim.id, now)
    current = workspaces.get(conn, workspace.id)
    if current is not None and current.phase is Phase.READY and current.claim_id is None:
        workspaces.move(conn, current.id, current.version, Phase.FAILED, now, reason=fault)
        events.about_pool(conn, now, "failed", fault.sentence, pool=claim.pool, workspace_id=current.id)
    claims.assign(conn, claim.pool, now)
    return claims.get(conn, claim.id) or claim
