"""Giving back with a way back: a mark on the claim that is taken off by undoing, by asking again, and by the release itself."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from carrel.domain.claim import ClaimState
from carrel.domain.errors import Exhausted
from carrel.domain.ids import ClaimId
from carrel.domain.workspace import Phase
from carrel.mint import new_id
from carrel.rules.wording import GIVEN_BACK
from carrel.store import claims, events, workspaces
from carrel.store.engine import Store

World = Any
SOON = timedelta(seconds=10)


async def _held(world: World, pool: Any = None, **policy: Any) -> claims.Taken:
    pool = pool or await world.pool(**policy)
    await world.warm(pool)
    taken: claims.Taken = await world.take(await world.user(), pool)
    assert taken.claim.state is ClaimState.HELD
    return taken


async def test_what_is_given_back_goes_on_with_a_time_and_a_line_in_both_timelines(
    world: World, store: Store
) -> None:
    held = (await _held(world)).claim
    assert await store.write(claims.give_back, held.id, world.now + SOON, world.now)
    found = await store.read(claims.get, held.id)
    assert found is not None
    assert (found.state, found.release_at, found.version) == (
        ClaimState.HELD,
        world.now + SOON,
        held.version + 1,
    )
    for timeline in (
        await store.read(events.of_claim, held.id),
        await store.read(events.of_workspace, held.workspace_id),
    ):
        assert timeline[-1].kind == "given_back"


async def test_giving_back_again_changes_nothing_and_never_puts_it_off(world: World, store: Store) -> None:
    held = (await _held(world)).claim
    first = world.now + SOON
    assert await store.write(claims.give_back, held.id, first, world.now)
    assert not await store.write(claims.give_back, held.id, world.later(5) + SOON, world.now)
    found = await store.read(claims.get, held.id)
    assert found is not None
    assert found.release_at == first


async def test_a_clock_that_was_set_back_does_not_keep_what_was_given_back(
    world: World, store: Store
) -> None:
    held = (await _held(world)).claim
    await store.write(claims.give_back, held.id, world.now + SOON, world.now)
    earlier = world.now - timedelta(days=1)
    assert await store.write(claims.give_back, held.id, earlier + SOON, earlier)


async def test_undoing_takes_the_mark_off_once(world: World, store: Store) -> None:
    held = (await _held(world)).claim
    assert not await store.write(claims.keep, held.id, world.now)
    await store.write(claims.give_back, held.id, world.now + SOON, world.now)
    assert await store.write(claims.keep, held.id, world.now)
    assert not await store.write(claims.keep, held.id, world.now)
    found = await store.read(claims.get, held.id)
    assert found is not None
    assert found.release_at is None
    assert [event.kind for event in await store.read(events.of_claim, held.id)][-2:] == ["given_back", "kept"]


async def test_what_waits_or_is_over_cannot_be_marked(world: World, store: Store) -> None:
    waiting = (await world.take(await world.user(), await world.pool())).claim
    assert not await store.write(claims.give_back, waiting.id, world.now + SOON, world.now)
    await store.write(claims.release, waiting.id, GIVEN_BACK, world.now)
    assert not await store.write(claims.give_back, waiting.id, world.now + SOON, world.now)
    assert not await store.write(claims.keep, waiting.id, world.now)


async def test_asking_for_it_again_undoes_it(world: World, store: Store) -> None:
    pool, user = await world.pool(), await world.user()
    await world.warm(pool)
    held = (await world.take(user, pool)).claim
    await store.write(claims.give_back, held.id, world.now + SOON, world.now)
    again = await world.take(user, pool)
    assert not again.is_new
    assert (again.claim.id, again.claim.release_at) == (held.id, None)
    assert again.claim == await store.read(claims.get, held.id)


async def test_what_was_given_back_makes_room_for_another_name(world: World, store: Store) -> None:
    pool, user = await world.pool(per_user=2), await world.user()
    kept, given_back = [await _of(world, user, pool, name) for name in ("kept", "given-back")]
    with pytest.raises(Exhausted):
        await world.take(user, pool, "third")
    await store.write(claims.give_back, given_back.id, world.now + SOON, world.now)
    assert (await world.take(user, pool, "third")).is_new
    after = [await store.read(claims.get, claim.id) for claim in (kept, given_back)]
    assert [found and found.state for found in after] == [ClaimState.HELD, ClaimState.RELEASED]
    assert after[1] is not None
    assert after[1].reason == GIVEN_BACK.sentence
    with pytest.raises(Exhausted):
        await world.take(user, pool, "fourth")


async def _of(world: World, user: Any, pool: Any, name: str) -> Any:
    await world.warm(pool)
    return (await world.take(user, pool, name)).claim


async def test_a_release_that_was_decided_before_the_undoing_is_refused(world: World, store: Store) -> None:
    held = (await _held(world)).claim
    await store.write(claims.give_back, held.id, world.now + SOON, world.now)
    seen = await store.read(claims.get, held.id)
    assert seen is not None
    await store.write(claims.keep, held.id, world.now)
    assert await store.write(claims.release, held.id, GIVEN_BACK, world.now, seen=seen.version) is None
    row = await store.read(workspaces.get, held.workspace_id)
    assert row is not None
    assert row.phase is Phase.READY


async def test_asking_at_the_moment_of_the_release_never_comes_to_nothing(
    world: World, replicas: list[Store]
) -> None:
    pool, user = await world.pool(limit=40), await world.user()
    for _ in range(10):
        await world.warm(pool)
        held = (await world.take(user, pool)).claim
        await replicas[0].write(claims.give_back, held.id, world.now, world.now)
        seen = await replicas[0].read(claims.get, held.id)
        assert seen is not None
        asked = {"claim_id": ClaimId(new_id()), "user_id": user.id, "pool": pool, "name": "default"}
        released, taken = await asyncio.gather(
            replicas[1].write(claims.release, held.id, GIVEN_BACK, world.now, seen=seen.version),
            replicas[2].write(claims.take, **asked, now=world.now),
        )
        found = await replicas[3].read(claims.get, taken.claim.id)
        assert found is not None
        assert found.state is not ClaimState.RELEASED
        assert (taken.claim.id != held.id) == (released is not None)
        await replicas[0].write(claims.release, taken.claim.id, GIVEN_BACK, world.now)


async def test_undone_or_released_but_never_both(world: World, replicas: list[Store]) -> None:
    for _ in range(10):
        held = (await _held(world)).claim
        await replicas[0].write(claims.give_back, held.id, world.now, world.now)
        seen = await replicas[0].read(claims.get, held.id)
        assert seen is not None
        released, kept = await asyncio.gather(
            replicas[1].write(claims.release, held.id, GIVEN_BACK, world.now, seen=seen.version),
            replicas[2].write(claims.keep, held.id, world.now),
        )
        assert (released is None) == kept
        found = await replicas[3].read(claims.get, held.id)
        assert found is not None
        assert (found.state is ClaimState.HELD) == kept
