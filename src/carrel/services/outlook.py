"""What somebody who waits, or is about to ask, is told: what is going on, how far it is, how long it will take."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from carrel.domain.actor import Actor
from carrel.domain.claim import Claim, ClaimState
from carrel.domain.ids import PoolName
from carrel.domain.queue import Coming, Estimate
from carrel.domain.step import Step
from carrel.domain.template import Template
from carrel.domain.workspace import Workspace
from carrel.rules import situation
from carrel.rules.access import is_admin
from carrel.rules.estimate import estimate, hope
from carrel.rules.home_wording import COMING_OUT
from carrel.rules.preparation import prepares
from carrel.rules.steps import steps
from carrel.services import failures
from carrel.store import events, homes, progress, queue


@dataclass(frozen=True, slots=True)
class Outlook:
    sentence: str
    """What is going on."""
    estimate: Estimate | None = None
    """How long the wait may still take; None where nobody knows, or nobody waits."""
    trouble: str | None = None
    """Why it takes longer, while starts fail: whose problem that is, and what helps. Not in an overview."""
    steps: tuple[Step, ...] = ()
    """Empty where only an overview was asked for."""


def of_waiting(
    conn: Connection,
    claim: Claim,
    place: int,
    now: datetime,
    *,
    offered: Template | None = None,
    reader: Actor | None = None,
) -> Outlook:
    """`offered`: what they will probably get. `reader`: who is told the steps and what troubles it; None in an overview."""
    seen = queue.seen_from(conn, claim.pool, place, claim.home_id)
    hoped = hope(seen, place)
    waits_for_files = reader is not None and hoped is None and _waits_for_files(conn, claim)
    return Outlook(
        COMING_OUT if waits_for_files else situation.of_waiting(seen, place, now),
        estimate(seen, place, now),
        _trouble(conn, claim, reader) if reader is not None else None,
        _steps_of_waiting(conn, claim, hoped, offered, now) if reader is not None else (),
    )


def _waits_for_files(conn: Connection, claim: Claim) -> bool:
    """It was told so, and it is so still: nothing can be started for it until they are out of another workspace."""
    home = homes.get(conn, claim.home_id) if claim.home_id is not None else None
    if home is None or home.workspace_id is None:
        return False
    last = events.newest(conn, claim.id)
    return last is not None and last.sentence == COMING_OUT


def _steps_of_waiting(
    conn: Connection, claim: Claim, hoped: Coming | None, offered: Template | None, now: datetime
) -> tuple[Step, ...]:
    moving = progress.of(conn, hoped.id) if hoped is not None and hoped.id is not None else None
    return tuple(steps(claim, hope=hoped, progress=moving, prepares=_prepares(offered), now=now))


def _trouble(conn: Connection, claim: Claim, reader: Actor) -> str | None:
    """A limit that is reached, or a pause, is no trouble: the sentence says so already."""
    failure = failures.about(conn, claim)
    if failure is None or not failure.detail:
        return None
    return failure.task if is_admin(reader) else failure.comfort


def of_settled(
    conn: Connection,
    claim: Claim,
    workspace: Workspace | None,
    now: datetime,
    *,
    template: Template | None = None,
    reader: Actor | None = None,
) -> Outlook:
    """For a claim that does not wait."""
    sentence = situation.of_settled(claim, workspace, prepares=_prepares(template))
    if reader is None:
        return Outlook(sentence)
    timeline = events.of_workspace(conn, workspace.id) if workspace is not None else []
    trouble = _trouble(conn, claim, reader) if claim.state is ClaimState.HELD else None
    found = steps(claim, workspace=workspace, timeline=timeline, prepares=_prepares(template), now=now)
    return Outlook(sentence, trouble=trouble, steps=tuple(found))


def _prepares(template: Template | None) -> bool:
    return template is not None and prepares(template)


def of_newcomer(conn: Connection, pool: PoolName, waiting: int, now: datetime) -> Estimate | None:
    """For whoever would ask now, with so many waiting before them and none warm."""
    place = waiting + 1
    return estimate(queue.seen_from(conn, pool, place), place, now)
