"""Claims: idempotent, fair, bounded by the person's limit, and given back whole."""

from datetime import timedelta
from typing import Any

import pytest

from carrel.domain.claim import ClaimState
from carrel.domain.errors import Exhausted, Invalid
from carrel.domain.ids import ClaimId, PoolName
from carrel.domain.reason import Reason, ReasonCode
from carrel.domain.workspace import Desired, Phase
from carrel.mint import new_id
from carrel.store import audit, claims, cursor, events, pools, users, workspaces
from carrel.store.engine import Store

World = Any
BACK = Reason(ReasonCode.RELEASED, "You gave it back.")


async def test_a_claim_holds_a_warm_workspace_at_once(world: World, store: Store) -> None:
    pool, user = await world.pool(), await world.user()
    (warm,) = await world.warm(pool)
    taken = await world.take(user, pool)
    assert taken.is_new
    assert taken.claim.state is ClaimState.HELD
    assert taken.claim.workspace_id == warm.id
    assert await store.read(claims.get, taken.claim.id) == taken.claim
    held = await store.read(workspaces.of_claim, taken.claim.id)
    assert held is not None
    assert (held.owner, held.claim_id, held.assigned_at) == (user.id, taken.claim.id, world.now)
    assert not held.is_warm


async def test_asking_again_gives_the_same_claim_and_counts_once(world: World) -> None:
    pool, user = await world.pool(per_user=2), await world.user()
    await world.warm(pool, 2)
    first = await world.take(user, pool)
    world.later()
    again = await world.take(user, pool)
    assert not again.is_new
    assert again.claim == first.claim
    assert (await world.take(user, pool, "second")).is_new


async def test_the_persons_own_limit_is_refused_in_words_that_help(world: World) -> None:
    pool, user = await world.pool(per_user=2), await world.user()
    await world.take(user, pool, "one")
    await world.take(user, pool, "two")
    with pytest.raises(Exhausted, match=r"You already hold 2 of 2 in this pool\. Release one first\."):
        await world.take(user, pool, "three")


async def test_limits_of_persons_and_pools_are_counted_apart(world: World) -> None:
    one, other = await world.pool(), await world.pool()
    ann, bob = await world.user(), await world.user()
    assert [(await world.take(user, pool)).is_new for user in (ann, bob) for pool in (one, other)] == [
        True
    ] * 4


async def test_a_pool_that_gives_nobody_anything_refuses_everybody(world: World) -> None:
    pool = await world.pool(per_user=0)
    with pytest.raises(Exhausted):
        await world.take(await world.user(), pool)


async def test_a_claim_beyond_the_pools_limit_waits(world: World, store: Store) -> None:
    pool = await world.pool(limit=1)
    await world.warm(pool)
    await world.take(await world.user(), pool)
    second = await world.take(await world.user(), pool)
    assert second.claim.state is ClaimState.WAITING
    assert [event.kind for event in await store.read(events.of_claim, second.claim.id)] == ["waiting"]


async def test_the_oldest_waiting_claim_is_served_first(world: World, store: Store) -> None:
    pool = await world.pool()
    waiting = []
    for _ in range(3):
        waiting.append((await world.take(await world.user(), pool)).claim.id)
        world.later()
    await world.warm(pool, 2)
    newcomer = (await world.take(await world.user(), pool)).claim
    assert newcomer.state is ClaimState.WAITING
    assert [claim.id for claim in await store.read(claims.waiting, pool.name)] == [waiting[2], newcomer.id]
    positions = [
        await store.read(claims.position, claim) for claim in await store.read(claims.waiting, pool.name)
    ]
    assert positions == [1, 2]


async def test_the_workspace_that_was_ready_first_is_given_first(world: World, store: Store) -> None:
    pool = await world.pool()
    first = (await world.warm(pool))[0].id
    world.later()
    second = (await world.warm(pool))[0].id
    given = [(await world.take(await world.user(), pool)).claim.workspace_id for _ in range(2)]
    assert given == [first, second]


async def test_assign_serves_as_many_as_it_can(world: World, store: Store) -> None:
    pool = await world.pool()
    asked = [(await world.take(await world.user(), pool)).claim.id for _ in range(3)]
    await world.warm(pool, 2)
    served = await store.write(claims.assign, pool.name, world.now)
    assert len(served) == 2
    assert {claim.id for claim in served} < set(asked)
    assert await store.write(claims.assign, pool.name, world.now) == []
    assert served == [await store.read(claims.get, claim.id) for claim in served]


async def test_unassign_keeps_the_place_and_never_gives_that_workspace_again(
    world: World, store: Store
) -> None:
    pool = await world.pool()
    (warm,) = await world.warm(pool)
    first = (await world.take(await world.user(), pool)).claim
    world.later()
    second = (await world.take(await world.user(), pool)).claim
    world.later()
    back = await store.write(claims.unassign, first.id, world.now)
    assert back is not None
    assert (back.state, back.created_at, back.workspace_id) == (ClaimState.WAITING, first.created_at, None)
    assert back.watched_at == world.now
    assert [claim.id for claim in await store.read(claims.waiting, pool.name)] == [first.id, second.id]
    assert await store.write(claims.assign, pool.name, world.now) == []
    given_up = await store.read(workspaces.get, warm.id)
    assert given_up is not None
    assert (given_up.claim_id, given_up.owner, given_up.desired) == (None, None, Desired.GONE)
    assert await store.write(claims.unassign, first.id, world.now) is None


async def test_releasing_a_held_claim_stops_its_workspace_for_the_same_reason(
    world: World, store: Store
) -> None:
    pool, user = await world.pool(), await world.user()
    (warm,) = await world.warm(pool)
    claim = (await world.take(user, pool)).claim
    released = await store.write(claims.release, claim.id, BACK, world.later())
    assert released is not None
    assert (released.state, released.released_at, released.reason) == (
        ClaimState.RELEASED,
        world.now,
        BACK.sentence,
    )
    assert released.workspace_id == warm.id
    stopped = await store.read(workspaces.get, warm.id)
    assert stopped is not None
    assert (stopped.phase, stopped.desired, stopped.reason_code) == (Phase.STOPPING, Desired.GONE, "released")
    assert stopped.owner == user.id
    assert [event.kind for event in await store.read(events.of_claim, claim.id)] == ["assigned", "released"]
    assert (await store.read(events.of_workspace, warm.id))[-1].kind == "stopping"


async def test_releasing_frees_the_persons_place_once(world: World, store: Store) -> None:
    pool, user = await world.pool(per_user=1), await world.user()
    claim = (await world.take(user, pool)).claim
    assert await store.write(claims.release, claim.id, BACK, world.now) is not None
    assert await store.write(claims.release, claim.id, BACK, world.now) is None
    assert (await world.take(user, pool)).is_new
    with pytest.raises(Exhausted):
        await world.take(user, pool, "another")


async def test_a_failed_workspace_keeps_its_own_reason_when_its_claim_ends(
    world: World, store: Store
) -> None:
    pool = await world.pool()
    await world.warm(pool)
    claim = (await world.take(await world.user(), pool)).claim
    held = await store.read(workspaces.of_claim, claim.id)
    assert held is not None
    crash = Reason(ReasonCode.CRASHED, "The app ended by itself.")
    await store.write(workspaces.move, held.id, held.version, Phase.FAILED, world.now, reason=crash)
    await store.write(claims.release, claim.id, BACK, world.now)
    ended = await store.read(workspaces.get, held.id)
    assert ended is not None
    assert (ended.phase, ended.reason_code) == (Phase.STOPPING, "crashed")


async def test_a_workspace_given_back_while_it_restarts_ends_because_it_was_given_back(
    world: World, store: Store
) -> None:
    pool = await world.pool()
    await world.warm(pool)
    taken = await world.take(await world.user(), pool)
    row = await store.read(workspaces.of_claim, taken.claim.id)
    assert row is not None
    again = Reason(ReasonCode.RESTARTED, "Restarted on request.")
    await store.write(workspaces.move, row.id, row.version, Phase.STARTING, world.now, reason=again)
    await store.write(claims.release, taken.claim.id, BACK, world.now)
    ended = await store.read(workspaces.get, row.id)
    assert ended is not None
    assert (ended.phase, ended.reason, ended.reason_code) == (Phase.STOPPING, BACK.sentence, BACK.code)


async def test_watching_moves_only_forwards_and_only_while_live(world: World, store: Store) -> None:
    pool = await world.pool()
    claim = (await world.take(await world.user(), pool)).claim
    await store.write(claims.watch, claim.id, world.later())
    await store.write(claims.watch, claim.id, world.now - timedelta(minutes=1))
    watched = await store.read(claims.get, claim.id)
    assert watched is not None
    assert watched.watched_at == world.now
    await store.write(claims.release, claim.id, BACK, world.now)
    await store.write(claims.watch, claim.id, world.later())
    ended = await store.read(claims.get, claim.id)
    assert ended is not None
    assert ended.watched_at < world.now


async def test_live_lists_waiting_and_held_and_no_others(world: World, store: Store) -> None:
    pool = await world.pool()
    await world.warm(pool)
    taken = [(await world.take(await world.user(), pool)).claim.id for _ in range(3)]
    await store.write(claims.release, taken[2], BACK, world.now)
    assert {claim.id for claim in await store.read(claims.live, pool.name)} == set(taken[:2])


async def test_pages_go_on_where_they_ended_though_rows_come_and_share_a_moment(
    world: World, store: Store
) -> None:
    pool, other = await world.pool(), await world.pool()
    old = [(await world.take(await world.user(), pool)).claim.id for _ in range(5)]
    await world.take(await world.user(), other)
    first = await store.read(claims.page, pool=pool.name, limit=2)
    world.later()
    new = (await world.take(await world.user(), pool)).claim.id
    second = await store.read(claims.page, pool=pool.name, after=first.next, limit=2)
    third = await store.read(claims.page, pool=pool.name, after=second.next, limit=2)
    seen = [claim.id for page in (first, second, third) for claim in page.items]
    assert sorted(seen) == sorted(old)
    assert third.next is None
    assert (await store.read(claims.page, pool=pool.name)).items[0].id == new


async def test_pages_are_filtered_by_person_and_state(world: World, store: Store) -> None:
    pool, user = await world.pool(per_user=3), await world.user()
    await world.warm(pool)
    held = (await world.take(user, pool, "a")).claim
    waiting = (await world.take(user, pool, "b")).claim
    await world.take(await world.user(), pool)
    mine = await store.read(claims.of_user, user.id)
    assert {claim.id for claim in mine.items} == {held.id, waiting.id}
    found = await store.read(claims.page, user_id=user.id, state=ClaimState.HELD)
    assert list(found.items) == [held]


BEFORE_TIME = cursor.pack(("0001-01-01T00:00:00+23:59", "caaaaaaaaaaaaaaa"))
HALF_A_CHARACTER = cursor.pack(("2026-01-01T00:00:00+00:00", "\ud800"))


@pytest.mark.parametrize(
    "after", ["nonsense", "%%%", "W10", "WyJ4IiwgInkiXQ", "MQ", BEFORE_TIME, HALF_A_CHARACTER]
)
async def test_a_made_up_cursor_is_refused_politely(world: World, store: Store, after: str) -> None:
    with pytest.raises(Invalid, match="cursor"):
        await store.read(claims.page, after=after)


@pytest.mark.parametrize("part", [10**30, -1, "\ud800", "\0", None])
async def test_no_cursor_is_an_accident_in_the_database(store: Store, part: object) -> None:
    for page in (audit.page, users.page):
        with pytest.raises(Invalid, match="cursor"):
            await store.read(page, after=cursor.pack((part,)))


async def test_an_unknown_claim_is_none_everywhere(store: Store, world: World) -> None:
    nobody = ClaimId(new_id())
    assert await store.read(claims.get, nobody) is None
    assert await store.write(claims.release, nobody, BACK, world.now) is None
    assert await store.write(claims.unassign, nobody, world.now) is None
    assert await store.read(pools.live, PoolName("nowhere")) == 0
