"""Answers kept for a while under the key a caller chose, so that a repeated request is answered and not done twice."""

from datetime import timedelta

from carrel.services.context import Context
from carrel.store import idempotency
from carrel.store.idempotency import Stored

__all__ = ["Stored", "abandon", "begin", "finish"]

KEPT_FOR = timedelta(days=1)
"""A request with the same key gets the same answer for so long; a day, as others in the field do."""


async def begin(ctx: Context, *, who: str, key: str, fingerprint: str) -> Stored | None:
    """None: go ahead, and call `finish` or `abandon`. Otherwise the answer of the same request before.

    Raises Conflict when the key was used for a different request, or the same one is still under way.
    """
    return await ctx.store.write(idempotency.begin, key, who, fingerprint, ctx.clock.now())


async def finish(ctx: Context, *, who: str, key: str, answer: Stored) -> None:
    """Keep the answer. Whoever calls leaves secrets out of it."""
    await ctx.store.write(idempotency.finish, key, who, answer.status, answer.headers, answer.body)


async def abandon(ctx: Context, *, who: str, key: str) -> None:
    """Nothing came of it: the same request may be tried again under the same key."""
    await ctx.store.write(idempotency.abandon, key, who)
