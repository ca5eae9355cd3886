"""Claims: taken, watched, listed and released, with the counters that bound them moved in the same transaction."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from carrel.domain.claim import NO_WISH, Claim, ClaimState, Wish
from carrel.domain.errors import Conflict, Exhausted
from carrel.domain.ids import ClaimId, HomeId, PoolName, UserId
from carrel.domain.page import Page
from carrel.domain.pool import Pool
from carrel.domain.reason import Reason
from carrel.domain.workspace import TRANSITIONS, Desired, Phase, may_become
from carrel.rules.home_wording import at_another_place, with_another
from carrel.rules.wording import GIVEN_BACK
from carrel.store import cursor, events, homes, schema
from carrel.store.assignment import assign, unassign
from carrel.store.claim_rows import LIVE, QUEUE, READ, WAITING, claim_from
from carrel.store.giving_back import give_back, given_back, keep
from carrel.store.upsert import PerEngine

__all__ = [
    "Taken",
    "assign",
    "bring",
    "get",
    "give_back",
    "having",
    "keep",
    "live",
    "of_user",
    "page",
    "position",
    "release",
    "take",
    "unassign",
    "waiting",
    "watch",
    "watch_waiting",
]

_c = schema.claims
_h = schema.holdings
_w = schema.workspaces
_id = sa.bindparam("claim", type_=sa.Text())
_pool = sa.bindparam("in_pool", type_=sa.Text())

_GET = READ.where(_c.c.id == _id)
_MINE = READ.where(
    _c.c.user_id == sa.bindparam("user"), _c.c.pool == _pool, _c.c.name == sa.bindparam("called"), LIVE
)
_HAVING = READ.where(_c.c.home_id == sa.bindparam("home"), LIVE)
_QUEUE = READ.where(_c.c.pool == _pool, WAITING).order_by(*QUEUE)
_LIVE = READ.where(_c.c.pool == _pool, LIVE).order_by(*QUEUE)
_BEFORE = (
    sa.select(sa.func.count())
    .select_from(_c)
    .where(_c.c.pool == _pool, WAITING)
    .where(
        sa.or_(
            _c.c.created_at < sa.bindparam("at", type_=_c.c.created_at.type),
            sa.and_(_c.c.created_at == sa.bindparam("at", type_=_c.c.created_at.type), _c.c.id < _id),
        )
    )
)
_INSERT = PerEngine(_c, lambda insert: insert.on_conflict_do_nothing().returning(_c.c.id))
_COUNT_UP = PerEngine(
    _h,
    lambda insert: (
        insert.values(user_id=sa.bindparam("user"), pool=_pool, used=1)
        .on_conflict_do_update(
            index_elements=[_h.c.user_id, _h.c.pool],
            set_={"used": _h.c.used + 1},
            where=_h.c.used < sa.bindparam("most", type_=sa.Integer()),
        )
        .returning(_h.c.used)
    ),
)
_COUNT_DOWN = (
    sa.update(_h).where(_h.c.user_id == sa.bindparam("user"), _h.c.pool == _pool).values(used=_h.c.used - 1)
)
_HOLD_COUNT = (
    sa.select(_h.c.used).where(_h.c.user_id == sa.bindparam("user"), _h.c.pool == _pool).with_for_update()
)
"""Taken before the claim's row, in the order in which `take` goes, so that the two never wait for each other."""

_USED = sa.select(_h.c.used).where(_h.c.user_id == sa.bindparam("user"), _h.c.pool == _pool)
_WATCH = (
    sa.update(_c)
    .where(_c.c.id == _id, _c.c.watched_at < sa.bindparam("now", type_=_c.c.watched_at.type))
    .where(_c.c.state != ClaimState.RELEASED.value)
    .values(watched_at=sa.bindparam("now", type_=_c.c.watched_at.type), version=_c.c.version + 1)
)
_WATCH_WAITING = (
    sa.update(_c)
    .where(_c.c.pool == _pool, WAITING, _c.c.watched_at < sa.bindparam("now", type_=_c.c.watched_at.type))
    .values(watched_at=sa.bindparam("now", type_=_c.c.watched_at.type), version=_c.c.version + 1)
)
_RELEASE = (
    sa.update(_c)
    .where(_c.c.id == _id, _c.c.state != ClaimState.RELEASED.value)
    .values(
        state=ClaimState.RELEASED.value,
        released_at=sa.bindparam("now"),
        reason=sa.bindparam("why"),
        reason_code=sa.bindparam("why_code"),
        version=_c.c.version + 1,
    )
    .returning(_c.c.id)
)
_other = _c.alias("other")
_BRING = (
    sa.update(_c)
    .where(_c.c.id == _id, _c.c.home_id.is_(None), _c.c.state != ClaimState.RELEASED.value)
    .where(~sa.exists().where(_other.c.home_id == sa.bindparam("home"), sa.text("other.state <> 'released'")))
    .values(home_id=sa.bindparam("home"), version=_c.c.version + 1)
)
_RELEASE_UNCHANGED = _RELEASE.where(_c.c.version == sa.bindparam("seen", type_=sa.Integer()))


def _own_or(column: str, given: str) -> sa.ColumnElement[str]:
    """Why it failed stays; what else is noted of a running one (that it was restarted) is no reason for its end."""
    why = sa.bindparam(given, type_=sa.Text())
    return sa.case((_w.c.phase == Phase.FAILED.value, sa.func.coalesce(_w.c[column], why)), else_=why)


_STOP = (
    sa.update(_w)
    .where(_w.c.claim_id == _id)
    .where(_w.c.phase.in_(sorted(old.value for old in TRANSITIONS if may_become(old, Phase.STOPPING))))
    .values(
        phase=Phase.STOPPING.value,
        phase_at=sa.bindparam("now"),
        desired=Desired.GONE.value,
        reason=_own_or("reason", "why"),
        reason_code=_own_or("reason_code", "why_code"),
        version=_w.c.version + 1,
    )
    .returning(_w.c.id)
)


@dataclass(frozen=True, slots=True)
class Taken:
    claim: Claim
    is_new: bool


def take(
    conn: Connection,
    *,
    claim_id: ClaimId,
    user_id: UserId,
    pool: Pool,
    name: str,
    now: datetime,
    wish: Wish = NO_WISH,
) -> Taken:
    """Idempotent per (user, pool, name) while such a claim is live. Waits at a full pool; raises Exhausted at the person's own limit, and
    Conflict when another live claim of theirs has the files.

    One that was given back a moment ago is kept, or makes room for another name. Claims that waited longer are served first, then
    this one, so that it may already be held on return.
    """
    mine = _mine(conn, user_id, pool.name, name)
    if mine is not None and (kept := _kept(conn, mine, now)) is not None:
        return Taken(kept, is_new=False)
    if not _count_up(conn, user_id, pool) and not _made_room(conn, user_id, pool, now):
        return Taken(_faster_or_full(conn, user_id, pool, name, now), is_new=False)
    claim = Claim(
        claim_id,
        user_id,
        pool.name,
        name,
        ClaimState.WAITING,
        created_at=now,
        watched_at=now,
        home_id=_home_id(conn, user_id, pool, wish, now),
        parameters=wish.parameters,
    )
    if not _inserted(conn, claim, wish, now):
        conn.execute(_COUNT_DOWN, {"user": user_id, "in_pool": pool.name})
        return Taken(_faster_or_full(conn, user_id, pool, name, now), is_new=False)
    for served in assign(conn, pool.name, now):
        if served.id == claim_id:
            return Taken(served, is_new=True)
    events.append(conn, now, "waiting", "Waiting for a free workspace.", claim_id=claim_id)
    return Taken(claim, is_new=True)


def _home_id(conn: Connection, user_id: UserId, pool: Pool, wish: Wish, now: datetime) -> HomeId | None:
    if wish.home is None:
        return None
    home = homes.ensure(conn, wish.home.candidate, user_id, wish.home.name, now)
    if None not in (home.place, wish.home.place) and home.place != wish.home.place:
        raise Conflict(at_another_place(home.name, pool.name))
    return home.id


def _inserted(conn: Connection, claim: Claim, wish: Wish, now: datetime) -> bool:
    """False where the same claim was made at this very moment. A home has one live claim whoever asks when: the table says so."""
    values = _values(claim)
    if conn.execute(_INSERT.on(conn), values).one_or_none() is not None:
        return True
    other = having(conn, claim.home_id) if claim.home_id is not None else None
    if other is None or wish.home is None or (other.pool, other.name) == (claim.pool, claim.name):
        return False
    if other.release_at is None:
        raise Conflict(with_another(wish.home.name, other))
    release(conn, other.id, GIVEN_BACK, now)
    return conn.execute(_INSERT.on(conn), values).one_or_none() is not None


def _mine(conn: Connection, user_id: UserId, pool: PoolName, name: str) -> Claim | None:
    row = conn.execute(_MINE, {"user": user_id, "in_pool": pool, "called": name}).one_or_none()
    return None if row is None else claim_from(row)


def _kept(conn: Connection, mine: Claim, now: datetime) -> Claim | None:
    """Asking for what one gave back a moment ago undoes that. None where it was released at this very moment."""
    if mine.release_at is None:
        return mine
    keep(conn, mine.id, now)
    found = get(conn, mine.id)
    return found if found is not None and found.state is not ClaimState.RELEASED else None


def _made_room(conn: Connection, user_id: UserId, pool: Pool, now: datetime) -> bool:
    """What they gave back already need not be waited for."""
    for claim_id in given_back(conn, user_id, pool.name):
        release(conn, claim_id, GIVEN_BACK, now)
        if _count_up(conn, user_id, pool):
            return True
    return False


def _count_up(conn: Connection, user_id: UserId, pool: Pool) -> bool:
    if pool.per_user < 1:
        return False
    given = {"user": user_id, "in_pool": pool.name, "most": pool.per_user}
    return conn.execute(_COUNT_UP.on(conn), given).one_or_none() is not None


def _faster_or_full(conn: Connection, user_id: UserId, pool: Pool, name: str, now: datetime) -> Claim:
    """What stands in the way: the same claim, taken at another replica while we waited for the counter, or the limit."""
    mine = _mine(conn, user_id, pool.name, name)
    if mine is not None and (kept := _kept(conn, mine, now)) is not None:
        return kept
    used = conn.execute(_USED, {"user": user_id, "in_pool": pool.name}).scalar_one_or_none() or 0
    if used < pool.per_user:
        raise Conflict("The same claim was being released at that moment. Ask again.")
    raise Exhausted(f"You already hold {used} of {pool.per_user} in this pool. Release one first.")


def _values(claim: Claim) -> dict[str, object]:
    return {
        "id": claim.id,
        "user_id": claim.user_id,
        "pool": claim.pool,
        "name": claim.name,
        "state": claim.state.value,
        "version": claim.version,
        "created_at": claim.created_at,
        "watched_at": claim.watched_at,
        "home_id": claim.home_id,
        "parameters": dict(claim.parameters) or None,
    }


def get(conn: Connection, claim_id: ClaimId) -> Claim | None:
    row = conn.execute(_GET, {"claim": claim_id}).one_or_none()
    return None if row is None else claim_from(row)


def of_user(conn: Connection, user_id: UserId, *, after: str | None = None, limit: int = 50) -> Page[Claim]:
    return page(conn, user_id=user_id, after=after, limit=limit)


def page(
    conn: Connection,
    *,
    user_id: UserId | None = None,
    pool: PoolName | None = None,
    state: ClaimState | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[Claim]:
    """Newest first."""
    query = READ.order_by(_c.c.created_at.desc(), _c.c.id.desc()).limit(cursor.size(limit) + 1)
    if user_id is not None:
        query = query.where(_c.c.user_id == user_id)
    if pool is not None:
        query = query.where(_c.c.pool == pool)
    if state is not None:
        query = query.where(_c.c.state == state.value)
    if after is not None:
        at, last = cursor.moment_and_id(after)
        query = query.where(sa.or_(_c.c.created_at < at, sa.and_(_c.c.created_at == at, _c.c.id < last)))
    rows = [claim_from(row) for row in conn.execute(query)]
    return cursor.page_of(rows, limit, lambda claim: (claim.created_at, claim.id))


def bring(conn: Connection, claim_id: ClaimId, home_id: HomeId) -> bool:
    """For a live claim that has no home yet. False when another live claim has that one; its row is held by the caller."""
    return conn.execute(_BRING, {"claim": claim_id, "home": home_id}).rowcount == 1


def having(conn: Connection, home_id: HomeId) -> Claim | None:
    """The live claim with that home: there is one at most."""
    row = conn.execute(_HAVING, {"home": home_id}).one_or_none()
    return None if row is None else claim_from(row)


def waiting(conn: Connection, pool: PoolName) -> list[Claim]:
    """Oldest first, the order in which they will be served."""
    return [claim_from(row) for row in conn.execute(_QUEUE, {"in_pool": pool})]


def live(conn: Connection, pool: PoolName) -> list[Claim]:
    """Waiting and held, oldest first."""
    return [claim_from(row) for row in conn.execute(_LIVE, {"in_pool": pool})]


def position(conn: Connection, claim: Claim) -> int:
    """1 = next. Meant for a claim that waits; for another, where it would stand."""
    given = {"in_pool": claim.pool, "at": claim.created_at, "claim": claim.id}
    before: int = conn.execute(_BEFORE, given).scalar_one()
    return before + 1


def watch(conn: Connection, claim_id: ClaimId, now: datetime) -> None:
    conn.execute(_WATCH, {"claim": claim_id, "now": now})


def watch_waiting(conn: Connection, pool: PoolName, now: datetime) -> None:
    """For a time in which nobody could say that they still wait."""
    conn.execute(_WATCH_WAITING, {"in_pool": pool, "now": now})


def release(
    conn: Connection, claim_id: ClaimId, reason: Reason, now: datetime, *, seen: int | None = None
) -> Claim | None:
    """Ends the claim, waiting or held, frees its place under the person's limit and stops its workspace. None if it was over already,
    or is no longer at the version that was `seen`.

    A workspace that already has a reason of its own (it failed) keeps that one.
    """
    claim = get(conn, claim_id)
    if claim is None or claim.state is ClaimState.RELEASED:
        return None
    conn.execute(_HOLD_COUNT, {"user": claim.user_id, "in_pool": claim.pool})
    given = {"claim": claim_id, "now": now, "why": reason.sentence, "why_code": reason.code.value}
    released = (
        conn.execute(_RELEASE, given)
        if seen is None
        else conn.execute(_RELEASE_UNCHANGED, {**given, "seen": seen})
    )
    if released.one_or_none() is None:
        return None
    conn.execute(_COUNT_DOWN, {"user": claim.user_id, "in_pool": claim.pool})
    events.append(conn, now, "released", reason.sentence, claim_id=claim_id)
    stopped = conn.execute(_STOP, given).one_or_none()
    if stopped is not None:
        events.append(conn, now, Phase.STOPPING.value, reason.sentence, workspace_id=stopped.id)
    return get(conn, claim_id)
