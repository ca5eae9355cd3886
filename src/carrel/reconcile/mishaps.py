"""What a failure leaves in the timelines: why, what the app printed last, and a word to the pool and to those who wait for one of it.

Decides nothing about what is tried again, or when.
"""

from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from carrel.domain.ids import ClaimId, PoolName, WorkspaceId
from carrel.domain.reason import Reason
from carrel.domain.workspace import Phase, Workspace
from carrel.ports.driver import Driver, DriverError, Logs, within
from carrel.rules.causes import Delay
from carrel.rules.last_words import LINES, quoted, tidy
from carrel.rules.pace import PROVEN_AFTER
from carrel.store import claims, events, pools, troubles, workspaces
from carrel.store.engine import Store

WORDS_WITHIN: Final = 5.0
"""Seconds. The failure itself must be recorded whatever becomes of the log."""
MOST_TOLD: Final = 100
"""Waiting claims that one failure writes to. Whoever stands further back hears of the next one."""


async def last_words(store: Store, driver: Driver, row: Workspace) -> list[str]:
    """The lines its app printed last, without its secret and those of its person. Empty where nothing is known."""
    if not isinstance(driver, Logs):
        return []
    try:
        text = await within(WORDS_WITHIN, driver.logs(row.id, LINES), what="show the log")
    except DriverError:
        return []
    withheld = await store.read(troubles.withheld, row.owner) if row.owner is not None else []
    return tidy(text, row.secret, *withheld)


def fail(
    conn: Connection, row: Workspace, reason: Reason, words: list[str], now: datetime
) -> list[ClaimId] | None:
    """The claims that were told something; None when the row changed meanwhile."""
    moved = workspaces.move(conn, row.id, row.version, Phase.FAILED, now, reason=reason)
    if moved is None:
        return None
    if words:
        events.append(conn, now, "printed", quoted(words), workspace_id=moved.id, claim_id=moved.claim_id)
    if moved.claim_id is None and (moved.ready_at is None or now - moved.ready_at < PROVEN_AFTER):
        events.about_pool(conn, now, "failed", reason.sentence, pool=row.pool, workspace_id=row.id)
    told = [moved.claim_id] if moved.claim_id is not None else []
    return (
        told if moved.ready_at is not None else [*told, *tell_waiting(conn, row.pool, reason.sentence, now)]
    )


def put_off(
    conn: Connection,
    pool: PoolName,
    delay: Delay,
    why: str,
    now: datetime,
    *,
    stuck: WorkspaceId | None = None,
) -> list[ClaimId]:
    """Nothing failed, and nothing can be started for now. The claims that were told so: none where nothing would be started anyway."""
    events.about_pool(conn, now, delay.value, why, pool=pool, workspace_id=stuck)
    policy = pools.get(conn, pool)
    if delay is Delay.UNSEEN and policy is not None and not troubles.wants_starts(conn, policy):
        return []
    return tell_waiting(conn, pool, why, now)


def seen_again(conn: Connection, pool: PoolName, now: datetime) -> None:
    """Ends what `put_off` wrote when the backend could not be asked; without effect otherwise."""
    last = events.of_pool(conn, pool)
    if last is not None and last.kind == Delay.UNSEEN:
        events.about_pool(conn, now, "seen", "The backend answers again.", pool=pool)


def tell_waiting(conn: Connection, pool: PoolName, why: str, now: datetime) -> list[ClaimId]:
    """That it takes longer, and why; each of them once as long as it stays the same."""
    sentence = f"A workspace could not be started; it is tried again. {why}"
    return [
        claim.id
        for claim in claims.waiting(conn, pool)[:MOST_TOLD]
        if events.add_news(conn, now, "delayed", sentence, claim_id=claim.id)
    ]
