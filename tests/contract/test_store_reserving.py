"""A workspace that is started with somebody's files: intended once, counted, given to that claim and to nobody else."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from carrel.domain.account import User
from carrel.domain.claim import Claim, ClaimState, HomeWish, Wish
from carrel.domain.ids import BackendName, ClaimId, HomeId, TemplateName, WorkspaceId
from carrel.domain.pool import Pool
from carrel.domain.reason import Reason, ReasonCode
from carrel.domain.workspace import Desired, Phase, Workspace
from carrel.mint import new_id
from carrel.rules.home_wording import COMING_OUT
from carrel.store import claims, events, homes, pools, queue, reserving, workspaces
from carrel.store.engine import Store

World = Any
PLACE = "here"
BACK = Reason(ReasonCode.RELEASED, "You gave it back.")


async def _take(store: Store, world: World, user: User, pool: Pool, *, home: bool = True) -> Claim:
    wish = Wish(home=HomeWish("default", HomeId(new_id()), PLACE)) if home else Wish()
    taken = await store.write(
        claims.take,
        claim_id=ClaimId(new_id()),
        user_id=user.id,
        pool=pool,
        name="default",
        now=world.now,
        wish=wish,
    )
    claim: Claim = taken.claim
    return claim


def _row(world: World, pool: Pool) -> Workspace:
    return Workspace(
        id=WorkspaceId(new_id()),
        pool=pool.name,
        template=TemplateName("lab"),
        template_version="v1",
        backend=BackendName("here"),
        phase=Phase.PENDING,
        desired=Desired.RUNNING,
        created_at=world.now,
        phase_at=world.now,
    )


async def _intend(store: Store, world: World, pool: Pool, claim: Claim) -> Workspace | None:
    row = _row(world, pool)
    found: Workspace | None = await store.write(
        reserving.intend_for, row, claim.id, HomeId(new_id()), place=PLACE
    )
    return found


async def _ready(world: World, row: Workspace) -> Workspace:
    started = await world.moved(row, Phase.STARTING)
    ready: Workspace = await world.moved(started, Phase.READY)
    return ready


async def test_the_row_the_home_and_the_counter_are_written_in_one(store: Store, world: World) -> None:
    pool = await world.pool(limit=2)
    claim = await _take(store, world, await world.user(), pool)
    row = await _intend(store, world, pool, claim)
    assert row is not None
    assert row.home_id == claim.home_id
    home = await store.read(homes.get, claim.home_id)
    assert home is not None
    assert (home.workspace_id, home.place) == (row.id, PLACE)
    assert await store.read(pools.live, pool.name) == 1
    counted = (await store.read(pools.counts))[pool.name]
    assert (counted.starting, counted.ready) == (1, 0)
    await _ready(world, row)
    counted = (await store.read(pools.counts))[pool.name]
    assert (counted.starting, counted.ready) == (1, 0), "it is ready for nobody else"


async def test_at_the_limit_nothing_of_it_stays(store: Store, world: World) -> None:
    pool = await world.pool(limit=1)
    first, second = [await _take(store, world, await world.user(), pool) for _ in range(2)]
    assert await _intend(store, world, pool, first) is not None
    with pytest.raises(reserving.NoRoom):
        await _intend(store, world, pool, second)
    home = await store.read(homes.get, second.home_id)
    assert home is not None
    assert (home.workspace_id, home.place) == (None, None)
    assert await store.read(pools.live, pool.name) == 1


async def test_however_many_control_planes_start_at_once_there_is_one(
    world: World, replicas: list[Store]
) -> None:
    pool = await world.pool(limit=20)
    claim = await _take(replicas[0], world, await world.user(), pool)
    made = await asyncio.gather(*(_intend(replicas[n % 4], world, pool, claim) for n in range(8)))
    [row] = [one for one in made if one is not None]
    assert await replicas[0].read(pools.live, pool.name) == 1
    assert await replicas[0].read(homes.inside, row.id) == [claim.home_id]


async def test_it_is_given_to_its_claim_and_to_nobody_who_waits_longer(store: Store, world: World) -> None:
    pool = await world.pool(limit=5)
    older = await _take(store, world, await world.user(), pool)
    world.later()
    mine = await _take(store, world, await world.user(), pool)
    row = await _intend(store, world, pool, mine)
    assert row is not None
    await _ready(world, row)
    [served] = await store.write(claims.assign, pool.name, world.now)
    assert (served.id, served.workspace_id) == (mine.id, row.id)
    waiting = await store.read(claims.get, older.id)
    assert waiting is not None
    assert waiting.state is ClaimState.WAITING


async def test_one_whose_person_left_is_given_to_nobody(store: Store, world: World) -> None:
    pool = await world.pool(limit=5)
    left = await _take(store, world, await world.user(), pool)
    row = await _intend(store, world, pool, left)
    assert row is not None
    await _ready(world, row)
    await store.write(claims.release, left.id, BACK, world.now)
    for has_home in (True, False):
        other = await _take(store, world, await world.user(), pool, home=has_home)
        assert other.state is ClaimState.WAITING
    assert await store.write(claims.assign, pool.name, world.now) == []


async def test_who_left_and_came_back_gets_it(store: Store, world: World) -> None:
    pool, user = await world.pool(limit=5), await world.user()
    left = await _take(store, world, user, pool)
    row = await _intend(store, world, pool, left)
    assert row is not None
    await _ready(world, row)
    await store.write(claims.release, left.id, BACK, world.now)
    again = await _take(store, world, user, pool)
    assert again.workspace_id == row.id


async def test_many_at_once_each_get_their_own(world: World, replicas: list[Store]) -> None:
    pool = await world.pool(limit=20)
    made = [await _take(replicas[0], world, await world.user(), pool) for _ in range(10)]
    rows = [await _intend(replicas[0], world, pool, claim) for claim in made]
    for row in rows:
        assert row is not None
        await _ready(world, row)
    served = await asyncio.gather(
        *(replicas[n % 4].write(claims.assign, pool.name, world.now) for n in range(8))
    )
    held = {claim.home_id: claim.workspace_id for some in served for claim in some}
    assert held == {row.home_id: row.id for row in rows if row is not None}


async def test_while_the_files_are_elsewhere_nothing_is_started_and_the_person_is_told_once(
    store: Store, world: World
) -> None:
    pool, other = await world.pool(limit=5), await world.pool()
    [warm] = await world.warm(other)
    user = await world.user()
    held = await _take(store, world, user, other)
    await store.write(homes.take_in, held.home_id, warm.id, held.id, place=PLACE, now=world.now)
    await store.write(claims.release, held.id, BACK, world.now)
    claim = await _take(store, world, user, pool)
    assert await store.read(homes.elsewhere_still, pool.name) == {claim.id}
    for _ in range(2):
        assert await _intend(store, world, pool, claim) is None
    told = [line.sentence for line in await store.read(events.of_claim, claim.id)]
    assert told.count(COMING_OUT) == 1
    stopping = await store.read(workspaces.get, warm.id)
    assert stopping is not None
    await world.moved(stopping, Phase.GONE)
    assert await store.read(homes.elsewhere_still, pool.name) == set()
    row = await _intend(store, world, pool, claim)
    assert row is not None
    assert await store.read(homes.elsewhere_still, pool.name) == set(), "they are in what was started for it"


async def test_a_claim_made_before_its_template_kept_files_gets_its_home_then(
    store: Store, world: World
) -> None:
    pool = await world.pool(limit=5)
    claim = await _take(store, world, await world.user(), pool, home=False)
    row = await _intend(store, world, pool, claim)
    assert row is not None
    now_has = await store.read(claims.get, claim.id)
    assert now_has is not None
    assert now_has.home_id == row.home_id is not None


async def test_who_waits_sees_the_one_that_was_started_for_them_and_no_other(
    store: Store, world: World
) -> None:
    pool = await world.pool(limit=5)
    first = await _take(store, world, await world.user(), pool)
    world.later()
    mine = await _take(store, world, await world.user(), pool)
    await _intend(store, world, pool, first)
    world.later()
    row = await _intend(store, world, pool, mine)
    assert row is not None
    seen = await store.read(queue.seen_from, pool.name, 2, mine.home_id)
    assert [one.whose for one in seen.coming] == [queue.Share.MINE, queue.Share.ANOTHERS]
    assert seen.coming[0].id == row.id


@contextmanager
def _statements() -> Iterator[list[str]]:
    heard: list[str] = []

    def hear(conn: Any, cursor: Any, statement: str, *_: Any) -> None:
        heard.append(statement)

    sa.event.listen(Engine, "before_cursor_execute", hear)
    try:
        yield heard
    finally:
        sa.event.remove(Engine, "before_cursor_execute", hear)


async def test_a_usual_claim_of_a_warm_one_is_asked_nothing_about_it(store: Store, world: World) -> None:
    pool = await world.pool(limit=5)
    await world.warm(pool)
    user = await world.user()
    with _statements() as asked:
        assert (await _take(store, world, user, pool)).state is ClaimState.HELD
    assert not [one for one in asked if "AS ready" in one]
