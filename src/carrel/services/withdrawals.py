"""Makes the data plane forget people at once: what is withdrawn is in the store and in Envoy's file before anybody is answered."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from carrel.domain.ids import SessionId
from carrel.domain.route import Withdrawal
from carrel.ports.wake import ROUTES
from carrel.rules.ticket import WITHDRAWN_FOR
from carrel.services.context import Context
from carrel.store import withdrawals


def record(conn: Connection, sessions: Iterable[SessionId], now: datetime) -> list[Withdrawal]:
    """Part of the transaction that ends these sessions, or takes a right from them. Hand what it returns to `tell` once that is committed."""
    for session_id in sessions:
        withdrawals.add(conn, Withdrawal(until=now + WITHDRAWN_FOR, session_id=session_id))
    return list(withdrawals.current(conn, now))


async def tell(ctx: Context, current: list[Withdrawal]) -> None:
    """Returns once no ticket or grace of theirs is believed any more. Raises Unavailable."""
    await ctx.dataplane.withdraw(current)
    ctx.wake.ring(ROUTES)
