"""Timelines: numbered lines about a workspace or a claim, kept after either is gone, and the newest about a pool or a home.

Decides nothing about what is worth a line.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection

from carrel.domain.event import Event
from carrel.domain.ids import ClaimId, HomeId, PoolName, WorkspaceId
from carrel.store import schema

_e = schema.events
_last = _e.alias("last")

_INSERT = sa.insert(_e).values(
    seq=sa.select(sa.func.coalesce(sa.func.max(_last.c.seq), 0) + 1)
    .where(_last.c.subject == sa.bindparam("numbered_for"))
    .scalar_subquery()
)
_OF = (
    sa.select(_e)
    .where(_e.c.subject == sa.bindparam("subject"), _e.c.seq > sa.bindparam("after"))
    .order_by(_e.c.seq)
)
_NEWEST = sa.select(_e).where(_e.c.subject == sa.bindparam("subject")).order_by(_e.c.seq.desc()).limit(1)
_NEWEST_BUT = _NEWEST.where(_e.c.kind.not_in(sa.bindparam("but", expanding=True)))
_FORGET = sa.delete(_e).where(
    _e.c.subject == sa.bindparam("of"), _e.c.seq <= sa.bindparam("up_to", type_=sa.Integer())
)
_NOTHING_OF = sa.delete(_e).where(_e.c.subject == sa.bindparam("of"))
_AGAIN = (
    sa.update(_e)
    .where(_e.c.subject == sa.bindparam("of"), _e.c.seq == sa.bindparam("number", type_=sa.Integer()))
    .values(at=sa.bindparam("now", type_=_e.c.at.type), workspace_id=sa.bindparam("about", type_=sa.Text()))
)
_HOLD_POOL = (
    sa.select(schema.pools.c.name)
    .where(schema.pools.c.name == sa.bindparam("name"))
    .with_for_update(key_share=True)
)
"""People may claim of it meanwhile: a new claim only refers to its key."""
_TOLD = (
    sa.select(_e.c.seq)
    .where(_e.c.subject == sa.bindparam("subject"), _e.c.sentence == sa.bindparam("told"))
    .where(_e.c.at >= sa.bindparam("since", type_=_e.c.at.type))
    .limit(1)
)
_HOLD_HOME = (
    sa.select(schema.homes.c.id)
    .where(schema.homes.c.id == sa.bindparam("id"))
    .with_for_update(key_share=True)
)
_OF_MANY = sa.select(_e).where(_e.c.subject.in_(sa.bindparam("subjects", expanding=True))).order_by(_e.c.seq)
_HOLD_CLAIM = sa.select(schema.claims.c.id).where(schema.claims.c.id == sa.bindparam("id")).with_for_update()
_HOLD_WORKSPACE = (
    sa.select(schema.workspaces.c.id).where(schema.workspaces.c.id == sa.bindparam("id")).with_for_update()
)


def add(
    conn: Connection,
    at: datetime,
    kind: str,
    sentence: str,
    *,
    workspace_id: WorkspaceId | None = None,
    claim_id: ClaimId | None = None,
) -> None:
    """One line for each subject named. Locks the subjects' rows, since a number is the last one plus one."""
    hold(conn, workspace_id=workspace_id, claim_id=claim_id)
    append(conn, at, kind, sentence, workspace_id=workspace_id, claim_id=claim_id)


def hold(
    conn: Connection, *, workspace_id: WorkspaceId | None = None, claim_id: ClaimId | None = None
) -> None:
    """Locks the subjects' rows, for callers whose line depends on what they say. Nobody takes them in another order."""
    if claim_id is not None:
        conn.execute(_HOLD_CLAIM, {"id": claim_id})
    if workspace_id is not None:
        conn.execute(_HOLD_WORKSPACE, {"id": workspace_id})


def add_news(conn: Connection, at: datetime, kind: str, sentence: str, *, claim_id: ClaimId) -> bool:
    """As `add`, unless the claim's newest line says just that. Whether it was added."""
    last = newest(conn, claim_id)
    if last is not None and last.sentence == sentence:
        return False
    add(conn, at, kind, sentence, claim_id=claim_id)
    return True


def append(
    conn: Connection,
    at: datetime,
    kind: str,
    sentence: str,
    *,
    workspace_id: WorkspaceId | None = None,
    claim_id: ClaimId | None = None,
) -> None:
    """As `add`, for callers whose transaction has already written the subjects' rows and so holds them."""
    line = {
        "at": at,
        "kind": kind,
        "sentence": sentence,
        "workspace_id": workspace_id,
        "claim_id": claim_id,
    }
    subjects = [subject for subject in (claim_id, workspace_id) if subject is not None]
    if subjects:
        conn.execute(_INSERT, [{**line, "subject": subject, "numbered_for": subject} for subject in subjects])


def of_claim(conn: Connection, claim_id: ClaimId, after: int = 0) -> list[Event]:
    return _of(conn, claim_id, after)


def of_workspace(conn: Connection, workspace_id: WorkspaceId, after: int = 0) -> list[Event]:
    return _of(conn, workspace_id, after)


POOL_LINES: Final = 100
"""A pool lives for years; only its newest lines say anything about it."""
HOME_LINES: Final = 20
_HOME: Final = "home:"


def about_pool(
    conn: Connection,
    at: datetime,
    kind: str,
    sentence: str,
    *,
    pool: PoolName,
    workspace_id: WorkspaceId | None = None,
) -> None:
    """One line of the pool's own timeline; `workspace_id` is only named in it. The same line again takes the place of the last one."""
    conn.execute(_HOLD_POOL, {"name": pool})
    line = {"at": at, "kind": kind, "sentence": sentence, "workspace_id": workspace_id, "claim_id": None}
    _add_or_repeat(conn, _of_pool(pool), line, most=POOL_LINES)


def about_home(conn: Connection, at: datetime, kind: str, sentence: str, *, home_id: HomeId) -> None:
    """What somebody else did with it, for its person to see. The same line again takes the place of the last one."""
    conn.execute(_HOLD_HOME, {"id": home_id})
    line = {"at": at, "kind": kind, "sentence": sentence, "workspace_id": None, "claim_id": None}
    _add_or_repeat(conn, _of_home(home_id), line, most=HOME_LINES)


def _add_or_repeat(conn: Connection, subject: str, line: dict[str, Any], *, most: int) -> None:
    """In a timeline that is never over, of which the newest lines are kept. Its subject's row is held."""
    last = newest(conn, subject)
    if last is not None and (last.kind, last.sentence) == (line["kind"], line["sentence"]):
        again = {"of": subject, "number": last.seq, "now": line["at"], "about": line["workspace_id"]}
        conn.execute(_AGAIN, again)
        return
    conn.execute(_INSERT, [{**line, "subject": subject, "numbered_for": subject}])
    if last is not None and last.seq % most == 0:
        conn.execute(_FORGET, {"of": subject, "up_to": last.seq - most})


def of_pool(conn: Connection, pool: PoolName, *, but: Collection[str] = ()) -> Event | None:
    """Its newest line, of another kind than those."""
    return newest(conn, _of_pool(pool), but=but)


def _of_pool(pool: PoolName) -> str:
    """No id holds a colon, so that a pool's lines are never taken for those of a claim or workspace."""
    return f"pool:{pool}"


def of_homes(conn: Connection, home_ids: Collection[HomeId]) -> dict[HomeId, list[Event]]:
    """Oldest first; one that nobody else touched is left out."""
    found: dict[HomeId, list[Event]] = {}
    if home_ids:
        for row in conn.execute(_OF_MANY, {"subjects": [_of_home(home_id) for home_id in home_ids]}):
            found.setdefault(HomeId(row.subject.removeprefix(_HOME)), []).append(event_from(row))
    return found


def forget_home(conn: Connection, home_id: HomeId) -> None:
    conn.execute(_NOTHING_OF, {"of": _of_home(home_id)})


def _of_home(home_id: HomeId) -> str:
    return f"{_HOME}{home_id}"


def was_told(conn: Connection, workspace_id: WorkspaceId, sentence: str, since: datetime) -> bool:
    """Whether its timeline has this very line from `since` or later."""
    given = {"subject": workspace_id, "told": sentence, "since": since}
    return conn.execute(_TOLD, given).first() is not None


def newest(conn: Connection, subject: str, *, but: Collection[str] = ()) -> Event | None:
    """Of a workspace or a claim, its last line, of another kind than those."""
    query = _NEWEST_BUT if but else _NEWEST
    row = conn.execute(query, {"subject": subject, **({"but": list(but)} if but else {})}).one_or_none()
    return None if row is None else event_from(row)


def _of(conn: Connection, subject: str, after: int) -> list[Event]:
    return [event_from(row) for row in conn.execute(_OF, {"subject": subject, "after": after})]


def event_from(row: Any) -> Event:
    return Event(
        seq=row.seq,
        at=row.at,
        kind=row.kind,
        sentence=row.sentence,
        workspace_id=row.workspace_id,
        claim_id=row.claim_id,
    )
