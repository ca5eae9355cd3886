"""Giving back with a way back: what somebody holds goes on for a moment, in which they can undo it."""

from datetime import datetime

from sqlalchemy import Connection

from carrel.domain.actor import Actor
from carrel.domain.claim import ClaimState
from carrel.domain.errors import Conflict
from carrel.domain.ids import ClaimId
from carrel.ports.wake import claim_topic, pool_topic
from carrel.rules.access import Action, owns
from carrel.rules.expire import UNDO_FOR
from carrel.services import claims as claim_service
from carrel.services.claims import ClaimView
from carrel.services.context import Context
from carrel.services.visibility import seen_claim
from carrel.store import audit, claims


async def give_back(ctx: Context, actor: Actor, claim_id: ClaimId) -> ClaimView:
    """What its holder holds is released in UNDO_FOR, and until then `undo` takes it back. What only waits leaves the queue at once,
    and an admin's word about somebody else's holds at once. Twice is harmless.
    """
    now = ctx.clock.now()
    if not await ctx.store.write(_mark, actor, claim_id, now):
        return await claim_service.release(ctx, actor, claim_id)
    return await _told(ctx, actor, claim_id)


async def undo(ctx: Context, actor: Actor, claim_id: ClaimId) -> ClaimView:
    """It goes on as before. Harmless where nothing was given back; raises Conflict when it is released already."""
    await ctx.store.write(_undo, actor, claim_id, ctx.clock.now())
    return await _told(ctx, actor, claim_id)


async def _told(ctx: Context, actor: Actor, claim_id: ClaimId) -> ClaimView:
    view = await claim_service.get(ctx, actor, claim_id)
    for topic in (pool_topic(view.claim.pool), claim_topic(claim_id)):
        ctx.wake.ring(topic)
    return view


def _mark(conn: Connection, actor: Actor, claim_id: ClaimId, now: datetime) -> bool:
    """False where there is nothing to wait for."""
    found = seen_claim(conn, actor, Action.RELEASE, claim_id)
    if not owns(actor, found.user_id) or found.state is not ClaimState.HELD:
        return False
    if claims.give_back(conn, claim_id, now + UNDO_FOR, now):
        audit.add(conn, now, audit.name_of(actor), "give_back", f"claim:{claim_id}", "")
    return True


def _undo(conn: Connection, actor: Actor, claim_id: ClaimId, now: datetime) -> None:
    found = seen_claim(conn, actor, Action.RELEASE, claim_id)
    if claims.keep(conn, claim_id, now):
        audit.add(conn, now, audit.name_of(actor), "keep", f"claim:{claim_id}", "")
    elif found.state is ClaimState.RELEASED:
        raise Conflict("It was released already. Your files are kept; open it again.")
