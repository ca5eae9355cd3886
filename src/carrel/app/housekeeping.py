"""Forgets what nobody will ask for again: answers, sessions, and the history of what is long over. Ends nothing that lives."""

from datetime import timedelta
from typing import Final

from carrel.services.context import Context
from carrel.services.idempotency import KEPT_FOR
from carrel.store import history, idempotency, sessions

SESSIONS_KEPT: Final = timedelta(days=30)
"""After their end, for whoever looks into what happened."""
EVERY: Final = 3600.0
"""Seconds."""
ROOM_EVERY: Final = 60.0
BETWEEN_BATCHES: Final = 0.1
"""Seconds in which others may write."""


async def keep_house(ctx: Context, keep_history: timedelta) -> None:
    """For ever; with several replicas each does it, which is harmless."""
    while True:
        await tidy(ctx, keep_history)
        await ctx.clock.sleep(EVERY)


async def keep_room(ctx: Context) -> None:
    """For ever: what was set aside for a full disk is put back soon after there is room again."""
    while True:
        await ctx.clock.sleep(ROOM_EVERY)
        await ctx.store.keep_room()


async def tidy(ctx: Context, keep_history: timedelta) -> None:
    now = ctx.clock.now()
    await ctx.store.write(idempotency.forget, now - KEPT_FOR)
    await ctx.store.write(sessions.forget, now - SESSIONS_KEPT)
    while await ctx.store.write(history.forget, now - keep_history):
        await ctx.clock.sleep(BETWEEN_BATCHES)
