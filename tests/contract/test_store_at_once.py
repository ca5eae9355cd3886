"""Many at once: nothing given twice, nobody refused while there was one, no limit passed. Several control planes share the database."""

import asyncio
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from carrel.domain.account import User
from carrel.domain.claim import Claim, ClaimState
from carrel.domain.errors import Conflict, Exhausted
from carrel.domain.ids import ClaimId, InstallationId
from carrel.domain.pool import Pool
from carrel.domain.reason import Reason, ReasonCode
from carrel.domain.workspace import Phase
from carrel.mint import new_id
from carrel.store import claims, codes, events, idempotency, installation, leases, pools, workspaces
from carrel.store.engine import Store, open_store

World = Any
BACK = Reason(ReasonCode.RELEASED, "You gave it back.")


async def _one_after_another(url: str, pool: Pool, users: list[User], world: World) -> list[Claim]:
    """What one thread does, with a loop and a store of its own."""
    store = open_store(url)
    try:
        taken = [
            await store.write(
                claims.take,
                claim_id=ClaimId(new_id()),
                user_id=user.id,
                pool=pool,
                name="default",
                now=world.now,
            )
            for user in users
        ]
        return [each.claim for each in taken]
    finally:
        await store.aclose()


@pytest.mark.parametrize("_run", range(3))
async def test_sixteen_threads_for_fifty_warm_ones_have_exactly_fifty_winners(
    url: str, world: World, store: Store, _run: int
) -> None:
    """160 tries: a workspace given twice is a double claim, fewer than 50 winners are false refusals."""
    pool = await world.pool(limit=60)
    await world.warm(pool, 50)
    users = [await world.user() for _ in range(160)]

    def work(mine: list[User]) -> list[Claim]:
        return asyncio.run(_one_after_another(url, pool, mine, world))

    with ThreadPoolExecutor(16) as threads:
        shares = [users[start::16] for start in range(16)]
        results = await asyncio.gather(
            *(asyncio.get_running_loop().run_in_executor(threads, work, share) for share in shares)
        )
    told = [claim for share in results for claim in share]
    stored = await store.read(claims.live, pool.name)
    assert Counter(claim.state for claim in told) == {ClaimState.HELD: 50, ClaimState.WAITING: 110}
    assert Counter(claim.state for claim in stored) == {ClaimState.HELD: 50, ClaimState.WAITING: 110}
    assert len({claim.workspace_id for claim in stored if claim.workspace_id}) == 50
    assert {claim.id: claim.workspace_id for claim in told} == {
        claim.id: claim.workspace_id for claim in stored
    }


async def test_two_hundred_at_once_intend_exactly_up_to_the_limit(
    world: World, replicas: list[Store]
) -> None:
    pool = await world.pool(limit=50)
    done = await asyncio.gather(
        *(replicas[number % 4].write(workspaces.intend, world.pending(pool)) for number in range(200))
    )
    assert Counter(done) == {True: 50, False: 150}
    assert await replicas[0].read(pools.live, pool.name) == 50
    assert len(await replicas[0].read(workspaces.of_pool, pool.name)) == 50


async def test_fifty_claims_of_one_person_at_once_get_exactly_their_limit(
    world: World, replicas: list[Store]
) -> None:
    pool, user = await world.pool(per_user=7), await world.user()

    async def attempt(number: int) -> bool:
        try:
            taken = await replicas[number % 4].write(
                claims.take,
                claim_id=ClaimId(new_id()),
                user_id=user.id,
                pool=pool,
                name=f"n{number}",
                now=world.now,
            )
        except Exhausted:
            return False
        return taken.is_new

    assert Counter(await asyncio.gather(*map(attempt, range(50)))) == {True: 7, False: 43}
    assert len(await replicas[0].read(claims.live, pool.name)) == 7


async def test_the_same_claim_asked_for_everywhere_at_once_is_one_claim(
    world: World, replicas: list[Store]
) -> None:
    pool, user = await world.pool(per_user=1), await world.user()
    await world.warm(pool, 3)
    taken = await asyncio.gather(
        *(
            replicas[number % 4].write(
                claims.take,
                claim_id=ClaimId(new_id()),
                user_id=user.id,
                pool=pool,
                name="default",
                now=world.now,
            )
            for number in range(40)
        )
    )
    assert len({each.claim.id for each in taken}) == 1
    assert sum(each.is_new for each in taken) == 1
    assert sum(row.is_warm for row in await replicas[0].read(workspaces.of_pool, pool.name)) == 2


async def test_assigning_everywhere_at_once_serves_everybody_in_order(
    world: World, replicas: list[Store]
) -> None:
    pool = await world.pool(limit=100)
    asked = []
    for _ in range(30):
        asked.append((await world.take(await world.user(), pool)).claim.id)
        world.later()
    await world.warm(pool, 20)
    served = await asyncio.gather(
        *(replicas[number % 4].write(claims.assign, pool.name, world.now) for number in range(16))
    )
    assert sorted(claim.id for some in served for claim in some) == sorted(asked[:20])
    stored = await replicas[0].read(claims.live, pool.name)
    assert len({claim.workspace_id for claim in stored if claim.workspace_id}) == 20


async def test_a_claim_released_everywhere_at_once_is_released_once(
    world: World, replicas: list[Store]
) -> None:
    pool, user = await world.pool(per_user=2), await world.user()
    claim = (await world.take(user, pool)).claim
    await world.take(user, pool, "other")
    ended = await asyncio.gather(
        *(replicas[number % 4].write(claims.release, claim.id, BACK, world.now) for number in range(12))
    )
    assert sum(one is not None for one in ended) == 1
    assert (await world.take(user, pool, "third")).is_new
    with pytest.raises(Exhausted):
        await world.take(user, pool, "fourth")


async def test_of_many_movers_one_is_faster(world: World, replicas: list[Store]) -> None:
    pool = await world.pool()
    workspace = await world.intended(pool)
    moved = await asyncio.gather(
        *(
            replicas[number % 4].write(workspaces.move, workspace.id, 0, Phase.STARTING, world.now)
            for number in range(12)
        )
    )
    assert sum(one is not None for one in moved) == 1


async def test_takes_and_releases_at_once_neither_lose_nor_double_a_place(
    world: World, replicas: list[Store]
) -> None:
    """Opposite orders of the same rows: on PostgreSQL deadlocks are retried, not shown."""
    pool = await world.pool(limit=100, per_user=1)
    await world.warm(pool, 10)
    users = [await world.user() for _ in range(12)]

    async def coming_and_going(number: int) -> None:
        store, user = replicas[number % 4], users[number]
        for _ in range(5):
            taken = await store.write(
                claims.take,
                claim_id=ClaimId(new_id()),
                user_id=user.id,
                pool=pool,
                name="default",
                now=world.now,
            )
            assert taken.is_new
            await store.write(claims.release, taken.claim.id, BACK, world.now)

    await asyncio.gather(*map(coming_and_going, range(12)))
    rows = await replicas[0].read(workspaces.of_pool, pool.name)
    assert await replicas[0].read(claims.live, pool.name) == []
    assert Counter(row.phase for row in rows) == {Phase.STOPPING: 10}
    assert [(await world.take(user, pool)).is_new for user in users] == [True] * 12


async def test_a_code_is_taken_once_by_whoever_is_first(world: World, replicas: list[Store]) -> None:
    await replicas[0].write(codes.add, "hash", "sign-in", "payload", world.now + timedelta(minutes=1))
    taken = await asyncio.gather(
        *(replicas[number % 4].write(codes.take, "hash", "sign-in", world.now) for number in range(20))
    )
    assert sorted(one for one in taken if one) == ["payload"]


async def test_events_written_at_once_are_numbered_without_a_gap(world: World, replicas: list[Store]) -> None:
    pool = await world.pool()
    workspace = await world.intended(pool)
    claim = (await world.take(await world.user(), pool)).claim
    await asyncio.gather(
        *(
            replicas[number % 4].write(
                events.add, world.now, "said", f"{number}", workspace_id=workspace.id, claim_id=claim.id
            )
            for number in range(20)
        )
    )
    for told in (
        await replicas[0].read(events.of_workspace, workspace.id),
        await replicas[0].read(events.of_claim, claim.id),
    ):
        assert [event.seq for event in told] == list(range(1, 22))


async def test_one_request_is_begun_once(world: World, replicas: list[Store]) -> None:
    async def attempt(number: int) -> str:
        try:
            found = await replicas[number % 4].write(idempotency.begin, "key", "ann", "print", world.now)
        except Conflict:
            return "conflict"
        return "go on" if found is None else "answer"

    assert Counter(await asyncio.gather(*map(attempt, range(12)))) == {"go on": 1, "conflict": 11}


async def test_replicas_agree_on_one_installation(world: World, replicas: list[Store]) -> None:
    found = await asyncio.gather(
        *(store.write(installation.ensure, InstallationId(new_id()), world.now) for store in replicas)
    )
    assert len(set(found)) == 1


@pytest.mark.postgresql
@pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)
async def test_a_lease_has_one_holder_until_it_runs_out(world: World, replicas: list[Store]) -> None:
    minute = timedelta(minutes=1)

    async def ask(number: int) -> bool:
        return await replicas[number].write(leases.acquire, "pool:x", f"replica {number}", world.now, minute)

    won = await asyncio.gather(*map(ask, range(4)))
    assert sum(won) == 1
    leader = won.index(True)
    assert await ask(leader), "the holder renews"
    world.later(61)
    assert await ask((leader + 1) % 4), "one that ran out is anybody's"
    assert not await ask(leader)
    await replicas[0].write(leases.release, "pool:x", f"replica {leader}")
    assert not await ask(leader), "only its holder gives a lease back"


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
async def test_alone_on_a_file_everybody_gets_the_lease(world: World, store: Store) -> None:
    """A process that was killed must not be waited for: only one can have the file anyway."""
    minute = timedelta(minutes=1)
    assert await store.write(leases.acquire, "pool:x", "the dead one", world.now, minute)
    assert await store.write(leases.acquire, "pool:x", "its successor", world.now, minute)
