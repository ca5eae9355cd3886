"""What a failure leaves in the timelines: why, what the app printed last, and a word to those who wait for a workspace of this pool.

Decides nothing about what is tried again, or when.
"""

from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from carrel.domain.ids import ClaimId, PoolName
from carrel.domain.reason import Reason
from carrel.domain.workspace import Phase, Workspace
from carrel.ports.driver import Driver, DriverError, Logs, within
from carrel.store import claims, events, workspaces

LINES: Final = 5
"""Enough for the end of a stack trace; the whole log goes with the slot."""
LENGTH: Final = 1000
WORDS_WITHIN: Final = 5.0
"""Seconds. The failure itself must be recorded whatever becomes of the log."""
MOST_TOLD: Final = 100
"""Waiting claims that one failure writes to. Whoever stands further back hears of the next one."""


async def last_words(driver: Driver, row: Workspace) -> str:
    """What its app printed last, on one line, without its secret. Empty where nothing is known."""
    if not isinstance(driver, Logs):
        return ""
    try:
        text = await within(WORDS_WITHIN, driver.logs(row.id, LINES), what="show the log")
    except DriverError:
        return ""
    shown = "".join(sign if sign.isprintable() else " " for sign in text.replace(row.secret, "…"))
    return " ".join(shown.split())[-LENGTH:]


def fail(conn: Connection, row: Workspace, reason: Reason, words: str, now: datetime) -> list[ClaimId] | None:
    """The claims that were told something; None when the row changed meanwhile."""
    moved = workspaces.move(conn, row.id, row.version, Phase.FAILED, now, reason=reason)
    if moved is None:
        return None
    if words:
        sentence = f"Its app printed last: {words}"
        events.append(conn, now, "printed", sentence, workspace_id=moved.id, claim_id=moved.claim_id)
    told = [moved.claim_id] if moved.claim_id is not None else []
    return (
        told if moved.ready_at is not None else [*told, *tell_waiting(conn, row.pool, reason.sentence, now)]
    )


def tell_waiting(conn: Connection, pool: PoolName, why: str, now: datetime) -> list[ClaimId]:
    """That it takes longer, and why; each of them once as long as it stays the same."""
    sentence = f"A workspace could not be started; it is tried again. {why}"
    told = []
    for claim in claims.waiting(conn, pool)[:MOST_TOLD]:
        known = events.of_claim(conn, claim.id)
        if not known or known[-1].sentence != sentence:
            events.add(conn, now, "delayed", sentence, claim_id=claim.id)
            told.append(claim.id)
    return told
