"""The audit trail: who did what to whom. Read only; every service writes its own entries."""

from dataclasses import dataclass

from carrel.domain.actor import Actor
from carrel.domain.page import Page
from carrel.rules.access import Action, require
from carrel.services.context import Context
from carrel.store import audit
from carrel.store.audit import AuditEntry

__all__ = ["EVERYTHING", "AuditEntry", "Sought", "page"]


@dataclass(frozen=True, slots=True)
class Sought:
    """Every part that is given must fit."""

    actor: str | None = None
    """A name, with whatever token."""
    action: str | None = None
    target: str | None = None
    """How it begins, e.g. "user:" or "pool:jupyterlab"."""
    text: str | None = None
    """Stands somewhere in the entry."""


EVERYTHING = Sought()


async def page(
    ctx: Context, actor: Actor, sought: Sought = EVERYTHING, *, after: str | None = None, limit: int = 50
) -> Page[AuditEntry]:
    """Newest first. For admins."""
    require(actor, Action.ADMINISTER)
    return await ctx.store.read(
        audit.page,
        actor=sought.actor,
        action=sought.action,
        target=sought.target,
        text=sought.text,
        after=after,
        limit=limit,
    )
