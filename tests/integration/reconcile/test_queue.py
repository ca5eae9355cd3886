"""Who waits keeps their place for as long as they look after it, and loses it for nothing but their own silence."""

from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from carrel.domain.actor import Person
from carrel.domain.claim import ClaimState
from carrel.domain.errors import Unavailable
from carrel.domain.ids import ClaimId
from carrel.domain.reason import Reason, ReasonCode
from carrel.ports.driver import DriverUnavailable
from carrel.rules.actions import Release
from carrel.services import claims as service
from carrel.store import claims, workspaces
from carrel.store.facts import read_facts

from .rig import Rig, a_pool, rig


@pytest.fixture
async def full(tmp_path: Path) -> AsyncIterator[Rig]:
    made = await rig(tmp_path, a_pool(warm=1, limit=1, watch_within=timedelta(minutes=2)))
    await made.settle()
    await service.claim(made.context, await made.person("alice"), pool="lab")
    await made.settle()
    yield made
    await made.aclose()


async def _one_who_waits(full: Rig) -> tuple[Person, ClaimId]:
    bob = await full.person("bob")
    view = await service.claim(full.context, bob, pool="lab")
    assert view.claim.state is ClaimState.WAITING
    return bob, view.claim.id


async def _pass(full: Rig, passes: int, apart: float) -> None:
    for _ in range(passes):
        await full.loop.pass_once()
        await full.loop.settled()
        full.clock.time += timedelta(seconds=apart)


async def _state(full: Rig, claim_id: ClaimId) -> ClaimState:
    """Without being taken for somebody who still waits."""
    view = await full.store.read(service._view, full.context, claim_id)
    return view.claim.state


async def test_a_waiting_claim_that_nobody_watches_lapses(full: Rig) -> None:
    _, claim_id = await _one_who_waits(full)
    await _pass(full, 20, apart=5)
    assert await _state(full, claim_id) is ClaimState.WAITING
    await _pass(full, 10, apart=5)
    assert await _state(full, claim_id) is ClaimState.RELEASED


async def test_a_machine_that_slept_wakes_up_with_the_same_queue(full: Rig) -> None:
    bob, claim_id = await _one_who_waits(full)
    await _pass(full, 3, apart=5)
    full.clock.time += timedelta(hours=8)
    await _pass(full, 3, apart=5)
    assert (await service.get(full.context, bob, claim_id)).position == 1


@pytest.mark.parametrize("what", ["store", "backend"])
async def test_whatever_was_away_comes_back_to_the_same_queue(
    full: Rig, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob, claim_id = await _one_who_waits(full)
    await _pass(full, 3, apart=5)

    async def away(*_: Any, **__: Any) -> Any:
        raise (Unavailable if what == "store" else DriverUnavailable)("It is away.")

    with monkeypatch.context() as patch:
        patch.setattr(
            *((full.context.store, "write", away) if what == "store" else (full.driver, "list", away))
        )
        for _ in range(60):
            with suppress(Unavailable, DriverUnavailable):
                await full.loop.pass_once()
            full.clock.time += timedelta(seconds=5)
    await _pass(full, 3, apart=5)
    assert (await service.get(full.context, bob, claim_id)).position == 1


async def test_who_asks_after_their_claim_keeps_it_and_who_stops_asking_loses_it(full: Rig) -> None:
    bob, claim_id = await _one_who_waits(full)
    for _ in range(60):
        assert (await service.get(full.context, bob, claim_id)).claim.state is ClaimState.WAITING
        await _pass(full, 1, apart=5)
    await _pass(full, 30, apart=5)
    assert await _state(full, claim_id) is ClaimState.RELEASED


async def test_an_open_event_stream_is_somebody_who_waits(full: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "SILENCE", 0.01)
    bob, claim_id = await _one_who_waits(full)
    async with aclosing(service.watch(full.context, bob, claim_id)) as heard:
        for _ in range(60):
            while await anext(heard) is not None:
                pass
            await _pass(full, 1, apart=5)
    assert await _state(full, claim_id) is ClaimState.WAITING


async def test_a_release_decided_before_its_person_came_back_is_dropped(full: Rig) -> None:
    bob, claim_id = await _one_who_waits(full)
    found = await full.store.read(claims.get, claim_id)
    assert found is not None
    decided = Release(found, Reason(ReasonCode.UNWATCHED, "Nobody asked after it."))
    full.clock.time += timedelta(seconds=30)
    await service.get(full.context, bob, claim_id)
    await _apply(full, decided)
    assert await _state(full, claim_id) is ClaimState.WAITING


async def test_a_release_decided_before_its_person_went_in_is_dropped(full: Rig) -> None:
    (held,) = await full.store.read(claims.live, full.pool.name)
    row = await full.store.read(workspaces.of_claim, held.id)
    assert row is not None
    decided = Release(held, Reason(ReasonCode.UNENTERED, "Nobody entered it."), row)
    await full.store.write(workspaces.entered, row.id, full.clock.now())
    await _apply(full, decided)
    assert await _state(full, held.id) is ClaimState.HELD
    now = await full.store.read(workspaces.get, row.id)
    await _apply(full, Release(held, decided.reason, now))
    assert await _state(full, held.id) is ClaimState.RELEASED


async def _apply(full: Rig, decided: Release) -> None:
    facts = await full.store.read(read_facts, full.pool.name)
    assert facts is not None
    await full.loop.apply(decided, facts)
