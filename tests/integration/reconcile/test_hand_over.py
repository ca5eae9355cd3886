"""Handing over while somebody else does the same: the request and the loop, or two requests of one impatient person."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from carrel.domain.actor import Person
from carrel.domain.claim import Claim, ClaimState
from carrel.domain.ids import ClaimId, WorkspaceId
from carrel.mint import new_id
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
    assert view.is_open
    await small.settle()
    kept = await small.store.read(workspaces.of_claim, claim.id)
    assert kept is not None
    assert kept.id == in_time.workspace_id
    assert kept.is_live
