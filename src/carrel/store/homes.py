"""Homes: which there are, whose, and which workspace each is in. The files themselves are the drivers' business.

That no home is in two workspaces is decided here, in one guarded statement.
"""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from carrel.domain.home import DELETED, Home, called
from carrel.domain.ids import ClaimId, HomeId, PoolName, UserId, WorkspaceId
from carrel.domain.workspace import Desired, Phase
from carrel.rules.home_wording import OUT
from carrel.store import events, schema
from carrel.store.upsert import PerEngine

_c = schema.claims
_h = schema.homes
_w = schema.workspaces
_id = sa.bindparam("home", type_=sa.Text())
_user = sa.bindparam("user", type_=sa.Text())
_called = sa.bindparam("called", type_=sa.Text())
_into = sa.bindparam("into", type_=sa.Text())
_at = sa.bindparam("place_of_driver", type_=sa.Text())

_KEEP = PerEngine(_h, lambda insert: insert.on_conflict_do_nothing())
_GET = sa.select(_h).where(_h.c.id == _id)
_HOLD = sa.select(_h.c.id).where(_h.c.id == _id).with_for_update(key_share=True)
_NAMED = sa.select(_h).where(_h.c.user_id == _user, _h.c.name == _called)
_HOLD_NAMED = _NAMED.with_for_update(key_share=True)
"""`key_share`: others may go on writing rows that name the home."""
_OF_USER = sa.select(_h).where(_h.c.user_id == _user).order_by(_h.c.name)

_HOLD_READY = (
    sa.select(_w.c.id)
    .where(_w.c.id == _into, _w.c.claim_id == sa.bindparam("claim", type_=sa.Text()))
    .where(_w.c.phase == Phase.READY.value, _w.c.desired == Desired.RUNNING.value)
    .with_for_update()
)
_is_elsewhere = sa.exists().where(
    _w.c.id == _h.c.workspace_id, _w.c.id != _into, sa.text("workspaces.phase <> 'gone'")
)
_TAKE_IN = (
    sa.update(_h)
    .where(_h.c.id == _id, _h.c.deleted_at.is_(None), ~_is_elsewhere)
    .where(sa.or_(_h.c.place.is_(None), _h.c.place == _at))
    .values(workspace_id=_into, place=sa.func.coalesce(_h.c.place, _at), used_at=sa.bindparam("now"))
    .returning(_h)
)
_LET_OUT = (
    sa.update(_h)
    .where(_h.c.workspace_id == sa.bindparam("out_of", type_=sa.Text()))
    .values(workspace_id=sa.null(), used_at=sa.bindparam("now"))
    .returning(_h.c.id)
)
_CLAIM_OF = sa.select(_w.c.claim_id).where(_w.c.id == sa.bindparam("id"))
_INSIDE = sa.select(_h.c.id).where(_h.c.workspace_id == sa.bindparam("in", type_=sa.Text()))
_ELSEWHERE = (
    sa.select(_c.c.id)
    .join_from(_c, _h, _h.c.id == _c.c.home_id)
    .join(_w, _w.c.id == _h.c.workspace_id)
    .where(_c.c.pool == sa.bindparam("in_pool"), sa.text("claims.state = 'held'"))
    .where(sa.text("workspaces.phase <> 'gone'"), sa.func.coalesce(_w.c.claim_id, "") != _c.c.id)
)
_STILL_ELSEWHERE = (
    sa.select(_c.c.id)
    .join_from(_c, _h, _h.c.id == _c.c.home_id)
    .join(_w, _w.c.id == _h.c.workspace_id)
    .where(_c.c.pool == sa.bindparam("in_pool"), sa.text("claims.state = 'waiting'"))
    .where(sa.text("workspaces.phase <> 'gone'"))
    .where(
        sa.or_(
            _w.c.claim_id.is_not(None),
            _w.c.desired == Desired.GONE.value,
            _w.c.pool != _c.c.pool,
            sa.func.coalesce(_w.c.home_id, "") != _h.c.id,
        )
    )
)
"""Not those whose files are in what was started for them."""
_is_claimed = sa.exists().where(_c.c.home_id == _h.c.id, sa.text("claims.state <> 'released'"))
_RENAME = (
    sa.update(_h)
    .where(_h.c.id == _id, _h.c.deleted_at.is_(None))
    .values(name=sa.bindparam("new_name"))
    .returning(_h)
)
_DELETE = (
    sa.update(_h)
    .where(_h.c.id == _id, _h.c.deleted_at.is_(None), _h.c.workspace_id.is_(None), ~_is_claimed)
    .values(deleted_at=sa.bindparam("now"), name=_h.c.name + DELETED + _h.c.id)
    .returning(_h)
)
_RESTORE = (
    sa.update(_h)
    .where(_h.c.id == _id, _h.c.deleted_at.is_not(None))
    .values(deleted_at=sa.null(), name=sa.bindparam("new_name"))
    .returning(_h)
)
_PUT_PLACE = sa.update(_h).where(_h.c.id == _id, _h.c.place.is_(None)).values(place=sa.bindparam("at_place"))
_PUT_SIZE = (
    sa.update(_h)
    .where(_h.c.id == _id)
    .values(size_bytes=sa.bindparam("size"), measured_at=sa.bindparam("now"))
)


def ensure(conn: Connection, candidate: HomeId, user_id: UserId, name: str, now: datetime) -> Home:
    """The person's home of that name; the candidate becomes its id the first time. Locked until the transaction ends, so that it is
    not deleted by whoever decides about it at the same time.
    """
    named = {"user": user_id, "called": name}
    found = conn.execute(_HOLD_NAMED, named).one_or_none()
    if found is None:
        row = {"id": candidate, "user_id": user_id, "name": name, "created_at": now}
        conn.execute(_KEEP.on(conn), row)
        found = conn.execute(_HOLD_NAMED, named).one()
    return home_from(found)


def get(conn: Connection, home_id: HomeId) -> Home | None:
    return _one(conn.execute(_GET, {"home": home_id}))


def named(conn: Connection, user_id: UserId, name: str) -> Home | None:
    return _one(conn.execute(_NAMED, {"user": user_id, "called": name}))


def of_user(conn: Connection, user_id: UserId) -> list[Home]:
    """By name, the deleted ones among them."""
    return [home_from(row) for row in conn.execute(_OF_USER, {"user": user_id})]


def take_in(
    conn: Connection,
    home_id: HomeId,
    workspace_id: WorkspaceId,
    claim_id: ClaimId,
    *,
    place: str,
    now: datetime,
) -> Home | None:
    """Before the driver is asked to bring it in; repeating it is harmless. None when it is still in another workspace, was deleted or
    is at another place, or when the claim does not hold that workspace any more: then nothing may be brought in.
    """
    if conn.execute(_HOLD_READY, {"into": workspace_id, "claim": claim_id}).one_or_none() is None:
        return None
    given = {"home": home_id, "into": workspace_id, "place_of_driver": place, "now": now}
    return _one(conn.execute(_TAKE_IN, given))


def take_in_at_start(
    conn: Connection, home_id: HomeId, workspace_id: WorkspaceId, *, place: str, now: datetime
) -> Home | None:
    """As `take_in`, for a workspace that is about to be started with it. Locked first: another one may just have been made for it."""
    conn.execute(_HOLD, {"home": home_id})
    given = {"home": home_id, "into": workspace_id, "place_of_driver": place, "now": now}
    return _one(conn.execute(_TAKE_IN, given))


def let_out(conn: Connection, workspace_id: WorkspaceId, now: datetime) -> list[HomeId]:
    """Once nothing of that workspace can reach the files any more. Which homes that frees, if any was in it."""
    freed = list(conn.execute(_LET_OUT, {"out_of": workspace_id, "now": now}).scalars())
    if freed:
        claim_id = conn.execute(_CLAIM_OF, {"id": workspace_id}).scalar_one_or_none()
        events.add(conn, now, "detached", OUT, workspace_id=workspace_id, claim_id=claim_id)
    return freed


def inside(conn: Connection, workspace_id: WorkspaceId) -> list[HomeId]:
    """In it, or on their way in or out."""
    return list(conn.execute(_INSIDE, {"in": workspace_id}).scalars())


def elsewhere(conn: Connection, pool: PoolName) -> frozenset[ClaimId]:
    """The held claims of a pool whose home is still in another workspace."""
    return frozenset(conn.execute(_ELSEWHERE, {"in_pool": pool}).scalars())


def elsewhere_still(conn: Connection, pool: PoolName) -> frozenset[ClaimId]:
    """The waiting claims of a pool for which nothing can be started yet: their home is in another workspace."""
    return frozenset(conn.execute(_STILL_ELSEWHERE, {"in_pool": pool}).scalars())


def rename(conn: Connection, home_id: HomeId, name: str) -> Home | None:
    """None for one that is deleted or unknown, and when its person has another of that name."""
    home = _held(conn, home_id)
    if home is None or _is_taken(conn, home, name):
        return None
    return _one(conn.execute(_RENAME, {"home": home_id, "new_name": name}))


def delete(conn: Connection, home_id: HomeId, now: datetime) -> Home | None:
    """Marked, and its name free for another. None while it is in use, and for one that is deleted or unknown."""
    if _held(conn, home_id) is None:
        return None
    return _one(conn.execute(_DELETE, {"home": home_id, "now": now}))


def restore(conn: Connection, home_id: HomeId) -> Home | None:
    """Under its old name, or that with a number where there is another of that name now. None for one that is not deleted, and for
    one whose removal began: it has no old name any more.
    """
    home = _held(conn, home_id)
    old = called(home.name) if home is not None else ""
    if home is None or not old:
        return None
    name, number = old, 1
    while _is_taken(conn, home, name):
        number += 1
        name = f"{old[:36]}-{number}"
    return _one(conn.execute(_RESTORE, {"home": home_id, "new_name": name}))


def put_place(conn: Connection, home_id: HomeId, place: str) -> None:
    """Of one whose files are there before it was in any workspace."""
    conn.execute(_PUT_PLACE, {"home": home_id, "at_place": place})


def put_size(conn: Connection, home_id: HomeId, size_bytes: int, now: datetime) -> None:
    conn.execute(_PUT_SIZE, {"home": home_id, "size": size_bytes, "now": now})


def _held(conn: Connection, home_id: HomeId) -> Home | None:
    """Locked by a statement of its own, so that the next one sees what others decided meanwhile."""
    conn.execute(_HOLD, {"home": home_id})
    return get(conn, home_id)


def _is_taken(conn: Connection, home: Home, name: str) -> bool:
    other = named(conn, home.user_id, name)
    return other is not None and other.id != home.id


def _one(result: Any) -> Home | None:
    row = result.one_or_none()
    return None if row is None else home_from(row)


def home_from(row: Any) -> Home:
    return Home(
        id=row.id,
        user_id=row.user_id,
        name=row.name,
        created_at=row.created_at,
        place=row.place,
        workspace_id=row.workspace_id,
        used_at=row.used_at,
        size_bytes=row.size_bytes,
        measured_at=row.measured_at,
        deleted_at=row.deleted_at,
    )
