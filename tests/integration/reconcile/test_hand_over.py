"""Handing over while somebody else does the same: the request and the loop, or two requests of one impatient person."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from carrel.domain.actor import Person
from carrel.domain.claim import Claim, ClaimState
from carrel.domain.ids import ClaimId, HomeId, WorkspaceId
from carrel.domain.workspace import Phase
from carrel.mint import new_id
from carrel.ports.driver import DriverUnavailable, Rejected, Spec
from carrel.ports.wake import claim_topic
from carrel.reconcile.look import WARM_CHECK_EVERY
from carrel.services import claims as service
from carrel.services.handover import hand_over
from carrel.store import claims, workspaces

from .rig import Rig, a_pool, rig


@pytest.fixture
async def small(tmp_path: Path) -> AsyncIterator[Rig]:
    made = await rig(tmp_path, a_pool(warm=2, limit=3))
    yield made
    await made.aclose()


async def _assigned(rig: Rig) -> tuple[Person, Claim]:
    """Held, and not handed over: whoever was to do that is busy, or died half way."""
    alice = await rig.person("alice")
    taken = await rig.store.write(
        claims.take,
        claim_id=ClaimId(new_id()),
        user_id=alice.user_id,
        pool=rig.pool,
        name="default",
        now=rig.clock.now(),
    )
    assert taken.claim.state is ClaimState.HELD
    return alice, taken.claim


async def test_a_late_bad_answer_takes_nothing_from_somebody_who_is_inside_already(small: Rig) -> None:
    await small.settle()
    alice, claim = await _assigned(small)
    asked, may_answer = asyncio.Event(), asyncio.Event()
    vouches = small.driver.vouches

    async def slow_and_wrong(workspace_id: WorkspaceId) -> bool:
        small.driver.vouches = vouches  # type: ignore[method-assign]
        asked.set()
        await may_answer.wait()
        return False

    small.driver.vouches = slow_and_wrong  # type: ignore[method-assign]
    late = asyncio.create_task(hand_over(small.context, claim))
    await asked.wait()
    in_time = await hand_over(small.context, claim)
    may_answer.set()
    assert (await late).workspace_id == in_time.workspace_id
    view = await service.get(small.context, alice, claim.id)
    assert view.is_settled
    await small.settle()
    kept = await small.store.read(workspaces.of_claim, claim.id)
    assert kept is not None
    assert kept.id == in_time.workspace_id
    assert kept.is_live


async def test_a_backend_that_is_away_leaves_a_claim_held_and_is_not_asked_without_a_pause(
    small: Rig,
) -> None:
    await small.settle()
    tries = 0
    attach = small.driver.attach

    async def away(workspace_id: WorkspaceId, home_id: HomeId) -> None:
        nonlocal tries
        tries += 1
        raise DriverUnavailable("The disk does not answer.")

    small.driver.attach = away  # type: ignore[method-assign]
    alice = await small.person("alice")
    view = await service.claim(small.context, alice, pool="lab")
    assert view.claim.state is ClaimState.HELD
    assert not view.is_settled
    small.clock.time += timedelta(seconds=60)
    before = tries
    for _ in range(20):
        await small.loop.pass_once()
        await small.loop.settled()
        small.clock.time += timedelta(seconds=0.2)
    assert 1 <= tries - before <= 4
    small.driver.attach = attach  # type: ignore[method-assign]
    await small.settle()
    assert (await service.get(small.context, alice, view.claim.id)).is_settled


async def test_a_workspace_that_cannot_be_ended_is_tried_again_with_pauses(small: Rig) -> None:
    await small.settle()
    tries = 0
    destroy = small.driver.destroy

    async def stuck(workspace_id: WorkspaceId) -> None:
        nonlocal tries
        tries += 1
        raise DriverUnavailable("Something is mounted below it.")

    small.driver.destroy = stuck  # type: ignore[method-assign]
    alice = await small.person("alice")
    view = await service.claim(small.context, alice, pool="lab")
    await service.release(small.context, alice, view.claim.id)
    for _ in range(50):
        await small.loop.pass_once()
        await small.loop.settled()
        small.clock.time += timedelta(seconds=0.2)
    assert 1 <= tries <= 6
    small.driver.destroy = destroy  # type: ignore[method-assign]
    await small.settle()
    row = await small.store.read(workspaces.of_claim, view.claim.id)
    assert row is not None
    assert row.phase is Phase.GONE


async def test_a_claim_is_handed_over_once_although_the_loop_looks_meanwhile(small: Rig) -> None:
    await small.settle()
    asked: list[WorkspaceId] = []
    vouches = small.driver.vouches

    async def slow(workspace_id: WorkspaceId) -> bool:
        asked.append(workspace_id)
        if len(asked) == 1:
            await small.loop.pass_once()
            await small.loop.settled()
        return await vouches(workspace_id)

    small.driver.vouches = slow  # type: ignore[method-assign]
    view = await service.claim(small.context, await small.person("alice"), pool="lab")
    assert view.is_settled
    assert view.workspace is not None
    assert asked.count(view.workspace.id) == 1


async def test_what_starts_well_and_can_be_handed_to_nobody_is_started_ever_more_slowly(
    tmp_path: Path,
) -> None:
    cold = await rig(tmp_path, a_pool(warm=0, limit=3))
    starts: list[WorkspaceId] = []
    create = cold.driver.create

    async def counted(spec: Spec) -> None:
        starts.append(spec.workspace_id)
        await create(spec)

    async def refused(workspace_id: WorkspaceId, home_id: HomeId) -> None:
        raise Rejected("The home cannot be brought in.")

    cold.driver.create = counted  # type: ignore[method-assign]
    cold.driver.attach = refused  # type: ignore[method-assign]
    alice = await cold.person("alice")
    view = await service.claim(cold.context, alice, pool="lab")
    for _ in range(100):
        await cold.loop.pass_once()
        await cold.loop.settled()
        await service.get(cold.context, alice, view.claim.id)
        cold.clock.time += timedelta(seconds=0.5)
    assert 3 <= len(starts) <= 6
    await cold.aclose()


async def test_whoever_is_handed_a_workspace_is_told_at_once_and_knows_when_it_will_stop(small: Rig) -> None:
    await small.settle()
    alice, claim = await _assigned(small)
    ear = small.context.wake.ear([claim_topic(claim.id)])
    await hand_over(small.context, claim)
    assert await ear.wait(0.0)
    ear.close()
    row = (await service.get(small.context, alice, claim.id)).workspace
    assert row is not None
    assert small.pool.max_age is not None
    assert row.assigned_at is not None
    assert row.stops_at == row.assigned_at + small.pool.max_age


async def test_a_warm_workspace_that_misses_one_check_stays_and_one_that_misses_two_is_replaced(
    small: Rig,
) -> None:
    await small.settle()
    first, _ = await small.store.read(workspaces.of_pool, small.pool.name)
    vouches, silent = small.driver.vouches, True

    async def sometimes(workspace_id: WorkspaceId) -> bool:
        return not (silent and workspace_id == first.id) and await vouches(workspace_id)

    small.driver.vouches = sometimes  # type: ignore[method-assign]

    async def check() -> Phase:
        small.clock.time += WARM_CHECK_EVERY
        await small.loop.pass_once()
        await small.loop.settled()
        row = await small.store.read(workspaces.get, first.id)
        assert row is not None
        return row.phase

    assert await check() is Phase.READY
    silent = False
    assert await check() is Phase.READY
    silent = True
    assert await check() is Phase.READY
    assert await check() is not Phase.READY
