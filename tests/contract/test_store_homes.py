"""A home is in one workspace at a time, whoever asks, whenever, from however many control planes."""

import asyncio
import random
from collections import Counter, defaultdict
from typing import Any

import pytest

from carrel.domain.account import User
from carrel.domain.claim import Claim, HomeWish, Wish
from carrel.domain.errors import Conflict
from carrel.domain.ids import ClaimId, HomeId, UserId, WorkspaceId
from carrel.domain.pool import Pool
from carrel.domain.reason import Reason, ReasonCode
from carrel.domain.workspace import Phase, Workspace
from carrel.mint import new_id
from carrel.store import claims, events, homes, workspaces
from carrel.store.engine import Store

World = Any
PLACE = "here"
BACK = Reason(ReasonCode.RELEASED, "You gave it back.")


async def _take(
    store: Store, world: World, user: User, pool: Pool, name: str = "default", *, home: str = "default"
) -> Claim:
    taken = await store.write(
        claims.take,
        claim_id=ClaimId(new_id()),
        user_id=user.id,
        pool=pool,
        name=name,
        now=world.now,
        wish=Wish(home=HomeWish(home, HomeId(new_id()), PLACE)),
    )
    claim: Claim = taken.claim
    return claim


async def _take_in(store: Store, world: World, claim: Claim, workspace_id: WorkspaceId | None = None) -> Any:
    return await store.write(
        homes.take_in,
        claim.home_id,
        workspace_id or claim.workspace_id,
        claim.id,
        place=PLACE,
        now=world.now,
    )


async def _held(store: Store, world: World, **policy: Any) -> tuple[Claim, Pool]:
    pool = await world.pool(**{"per_user": 9, "limit": 50} | policy)
    await world.warm(pool, 2)
    return await _take(store, world, await world.user(), pool), pool


async def _ended(store: Store, world: World, workspace_id: WorkspaceId | None) -> None:
    """What the reconciler does with one that is stopping."""
    row: Workspace = await store.read(workspaces.get, workspace_id)
    await world.moved(row, Phase.GONE)


async def test_many_clicks_at_once_in_many_pools_make_one_claim_with_the_home(
    world: World, replicas: list[Store]
) -> None:
    user, some = await world.user(), [await world.pool() for _ in range(6)]

    async def click(number: int) -> str:
        try:
            return (await _take(replicas[number % 4], world, user, some[number % 6])).id
        except Conflict as error:
            return error.sentence.partition(" in pool")[0]

    told = Counter(await asyncio.gather(*map(click, range(24))))
    live = [claim for pool in some for claim in await replicas[0].read(claims.live, pool.name)]
    assert len(live) == 1
    assert told == {live[0].id: 4, 'The files "default" are promised to what you wait for': 20}
    assert len(await replicas[0].read(homes.of_user, user.id)) == 1


async def test_a_refused_claim_costs_no_place_under_the_persons_limit(store: Store, world: World) -> None:
    user, one, other = await world.user(), await world.pool(), await world.pool(per_user=1)
    mine = await _take(store, world, user, one)
    for _ in range(3):
        with pytest.raises(Conflict):
            await _take(store, world, user, other)
    await store.write(claims.release, mine.id, BACK, world.now)
    assert (await _take(store, world, user, other)).home_id == mine.home_id


async def test_what_was_given_back_makes_room_for_its_files_elsewhere(store: Store, world: World) -> None:
    user, one, other = await world.user(), await world.pool(), await world.pool()
    await world.warm(one)
    mine = await _take(store, world, user, one)
    await store.write(claims.give_back, mine.id, world.later(10), world.now)
    next_one = await _take(store, world, user, other)
    assert next_one.home_id == mine.home_id
    released = await store.read(claims.get, mine.id)
    assert released is not None
    assert released.reason == BACK.sentence


async def test_a_home_goes_in_once_and_asking_again_for_the_same_is_harmless(
    store: Store, world: World
) -> None:
    claim, _ = await _held(store, world)
    first = await _take_in(store, world, claim)
    assert (first.workspace_id, first.place) == (claim.workspace_id, PLACE)
    assert await _take_in(store, world, claim) == first


async def test_a_home_goes_nowhere_else_until_it_is_out(store: Store, world: World) -> None:
    claim, pool = await _held(store, world)
    await _take_in(store, world, claim)
    await store.write(claims.release, claim.id, BACK, world.now)
    again = await _take(store, world, User(claim.user_id, "x", "X", None, world.now), pool)  # type: ignore[arg-type]
    assert again.home_id == claim.home_id
    assert await store.read(homes.elsewhere, pool.name) == {again.id}
    assert await _take_in(store, world, again) is None
    assert await store.write(homes.let_out, claim.workspace_id, world.later()) == [claim.home_id]
    assert await store.read(homes.elsewhere, pool.name) == frozenset()
    taken = await _take_in(store, world, again)
    assert taken.workspace_id == again.workspace_id


async def test_a_workspace_that_is_gone_has_no_home_in_it(store: Store, world: World) -> None:
    claim, _ = await _held(store, world)
    await _take_in(store, world, claim)
    await store.write(claims.release, claim.id, BACK, world.now)
    await _ended(store, world, claim.workspace_id)
    home = await store.read(homes.get, claim.home_id)
    assert home is not None
    assert home.workspace_id is None
    kinds = [line.kind for line in await store.read(events.of_workspace, claim.workspace_id)]
    assert kinds[-2:] == ["detached", "gone"]
    assert await store.write(homes.let_out, claim.workspace_id, world.now) == []
    assert len(await store.read(events.of_workspace, claim.workspace_id)) == len(kinds)


async def test_nothing_goes_into_what_the_claim_does_not_hold_any_more(store: Store, world: World) -> None:
    claim, pool = await _held(store, world)
    [warm] = [row for row in await store.read(workspaces.of_pool, pool.name) if row.is_warm]
    assert await _take_in(store, world, claim, warm.id) is None
    assert await _take_in(store, world, claim, WorkspaceId(new_id())) is None
    await store.write(claims.release, claim.id, BACK, world.now)
    assert await _take_in(store, world, claim) is None
    home = await store.read(homes.get, claim.home_id)
    assert home is not None
    assert home.workspace_id is None


async def test_a_home_stays_at_its_place(store: Store, world: World) -> None:
    claim, _ = await _held(store, world)
    await _take_in(store, world, claim)
    moved = await store.write(
        homes.take_in, claim.home_id, claim.workspace_id, claim.id, place="elsewhere", now=world.now
    )
    assert moved is None


async def test_what_is_claimed_or_in_a_workspace_is_not_deleted(store: Store, world: World) -> None:
    claim, _ = await _held(store, world)
    assert await store.write(homes.delete, claim.home_id, world.now) is None
    await _take_in(store, world, claim)
    await store.write(claims.release, claim.id, BACK, world.now)
    assert await store.write(homes.delete, claim.home_id, world.now) is None
    await _ended(store, world, claim.workspace_id)
    assert await store.write(homes.delete, claim.home_id, world.now) is not None


async def test_a_home_deleted_and_claimed_at_once_is_one_of_both(world: World, replicas: list[Store]) -> None:
    pool = await world.pool(per_user=9)
    for _ in range(8):
        user = await world.user()
        home = await replicas[0].write(homes.ensure, HomeId(new_id()), user.id, "default", world.now)
        claim, deleted = await asyncio.gather(
            _take(replicas[0], world, user, pool), replicas[1].write(homes.delete, home.id, world.now)
        )
        assert (claim.home_id == home.id) is (deleted is None)


async def test_two_names_are_not_made_one_and_what_is_deleted_frees_its_name(
    store: Store, world: World
) -> None:
    user = (await world.user()).id
    one, other = [
        await store.write(homes.ensure, HomeId(new_id()), user, name, world.now) for name in ("one", "other")
    ]
    assert await store.write(homes.rename, one.id, "other") is None
    assert await store.write(homes.rename, HomeId(new_id()), "new") is None
    assert (await store.write(homes.rename, one.id, "first")).name == "first"
    assert await store.write(homes.delete, other.id, world.now) is not None
    assert await store.write(homes.delete, other.id, world.now) is None
    assert await store.write(homes.rename, other.id, "new") is None
    assert (await store.write(homes.rename, one.id, "other")).name == "other"
    assert (await store.write(homes.restore, other.id)).name == "other-2"
    assert await store.write(homes.restore, other.id) is None


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_happens_at_once_no_home_is_ever_in_two_workspaces(
    world: World, replicas: list[Store], seed: int
) -> None:
    """Three people with two homes each claim, are handed over, give back and are ended, by four control planes that do not wait for
    one another. Whoever was told that a home is in holds it until they let it out.
    """
    pool = await world.pool(per_user=9, limit=200)
    people = [await world.user() for _ in range(3)]
    await world.warm(pool, 40)
    inside: dict[HomeId | None, set[WorkspaceId | None]] = defaultdict(set)
    seen = Counter[str]()

    async def comes_and_goes(number: int) -> None:
        chance, store = random.Random(seed * 100 + number), replicas[number % 4]
        for _ in range(12):
            user = chance.choice(people)
            try:
                home = chance.choice(["one", "other"])
                claim = await _take(store, world, user, pool, f"n{number}", home=home)
            except Conflict:
                seen["refused"] += 1
                continue
            if claim.workspace_id is not None:
                await holds(store, claim, chance)

    async def holds(store: Store, claim: Claim, chance: random.Random) -> None:
        for _ in range(chance.randrange(4)):
            if await _take_in(store, world, claim) is None:
                seen["waited"] += 1
                continue
            inside[claim.home_id].add(claim.workspace_id)
            seen["in"] += 1
            assert inside[claim.home_id] == {claim.workspace_id}
            await asyncio.sleep(chance.random() * 0.01)
            assert inside[claim.home_id] == {claim.workspace_id}
        assert await store.write(claims.release, claim.id, BACK, world.now) is not None
        await asyncio.sleep(chance.random() * 0.01)
        inside[claim.home_id].discard(claim.workspace_id)
        await store.write(homes.let_out, claim.workspace_id, world.now)

    await asyncio.gather(*map(comes_and_goes, range(12)))
    assert seen["in"] > 5
    assert seen["waited"] + seen["refused"] > 5


async def test_a_home_that_is_new_is_made_once_however_many_ask(world: World, replicas: list[Store]) -> None:
    user = UserId((await world.user()).id)
    made = await asyncio.gather(
        *(
            replicas[number % 4].write(homes.ensure, HomeId(new_id()), user, "default", world.now)
            for number in range(16)
        )
    )
    assert len({home.id for home in made}) == 1
