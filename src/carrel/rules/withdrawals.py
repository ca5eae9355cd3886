"""Which withdrawals still count. They are only ever forgotten by time, so that two writers cannot undo each other."""

from collections.abc import Iterable
from datetime import datetime

from carrel.domain.ids import SessionId, WorkspaceId
from carrel.domain.route import Withdrawal


def current(known: Iterable[Withdrawal], now: datetime) -> tuple[Withdrawal, ...]:
    """One per session and one per door, the latest to end, in an order that depends on nothing else."""
    latest: dict[tuple[SessionId | None, WorkspaceId | None], Withdrawal] = {}
    for withdrawal in known:
        subject = (withdrawal.session_id, withdrawal.workspace_id)
        if withdrawal.until > now and (subject not in latest or latest[subject].until < withdrawal.until):
            latest[subject] = withdrawal
    return tuple(sorted(latest.values(), key=_order))


def _order(withdrawal: Withdrawal) -> tuple[str, str]:
    return (withdrawal.session_id or "", withdrawal.workspace_id or "")
