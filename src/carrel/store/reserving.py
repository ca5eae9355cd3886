"""A workspace that is started for one claim, with that person's files: the row, the home's whereabouts and the pool's counter in one.

Decides nothing about who is next.
"""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from carrel.domain.claim import Claim, ClaimState
from carrel.domain.home import Home
from carrel.domain.ids import ClaimId, HomeId
from carrel.domain.workspace import Workspace
from carrel.rules.home_wording import COMING_OUT, at_another_place, with_another
from carrel.store import claims, events, homes, workspaces


class NoRoom(Exception):
    """The pool is at its limit: nothing of what was written may stay."""


def intend_for(
    conn: Connection, row: Workspace, claim_id: ClaimId, candidate: HomeId, *, place: str
) -> Workspace | None:
    """The row as it is intended. None where the claim does not wait any more, and where its files cannot come along for now, which it is
    told. `candidate` becomes the id of its home, if it has none yet. Raises NoRoom.
    """
    claim, now = claims.get(conn, claim_id), row.created_at
    if claim is None or claim.state is not ClaimState.WAITING:
        return None
    home = _home(conn, claim, candidate, now)
    if home is None:
        return None
    if homes.take_in_at_start(conn, home.id, row.id, place=place, now=now) is None:
        _tell_why_not(conn, claim, home, place, now)
        return None
    intended = replace(row, home_id=home.id)
    if not workspaces.intend(conn, intended):
        raise NoRoom
    return intended


def _home(conn: Connection, claim: Claim, candidate: HomeId, now: datetime) -> Home | None:
    if claim.home_id is not None:
        return homes.get(conn, claim.home_id)
    # its template kept no files when it was made
    home = homes.ensure(conn, candidate, claim.user_id, claim.name, now)
    if claims.bring(conn, claim.id, home.id):
        return home
    other = claims.having(conn, home.id)
    tell_delay(conn, claim.id, with_another(home.name, other) if other is not None else COMING_OUT, now)
    return None


def _tell_why_not(conn: Connection, claim: Claim, home: Home, place: str, now: datetime) -> None:
    if home.place not in (None, place):
        tell_delay(conn, claim.id, at_another_place(home.name, claim.pool), now)
    elif home.deleted_at is None:
        tell_delay(conn, claim.id, COMING_OUT, now)


def tell_of_files_elsewhere(conn: Connection, made: Claim, now: datetime) -> None:
    """A claim that waits: nothing can be started for it until its files are out."""
    if made.state is ClaimState.WAITING and made.id in homes.elsewhere_still(conn, made.pool):
        tell_delay(conn, made.id, COMING_OUT, now)


def tell_delay(conn: Connection, claim_id: ClaimId, sentence: str, now: datetime) -> None:
    """Once as long as it stays the same."""
    events.add_news(conn, now, "delayed", sentence, claim_id=claim_id)
