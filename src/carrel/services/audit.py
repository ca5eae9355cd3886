"""The audit trail: who did what to whom. Read only; every service writes its own entries."""

from carrel.domain.actor import Actor
from carrel.domain.page import Page
from carrel.rules.access import Action, require
from carrel.services.context import Context
from carrel.store import audit
from carrel.store.audit import AuditEntry


async def page(ctx: Context, actor: Actor, *, after: str | None = None, limit: int = 50) -> Page[AuditEntry]:
    """Newest first. For admins."""
    require(actor, Action.ADMINISTER)
    return await ctx.store.read(audit.page, after=after, limit=limit)
