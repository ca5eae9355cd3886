"""A backend whose calls never come back: what waits behind them goes on, and people are told."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from carrel.domain.claim import ClaimState
from carrel.domain.ids import PoolName, WorkspaceId
from carrel.ports.driver import DriverUnavailable, Spec
from carrel.reconcile import apply, look
from carrel.reconcile.strays import StrayLoop
from carrel.services import claims as service
from carrel.services import handover
from carrel.store import events, pools

from .rig import TEMPLATE, Rig, a_pool, rig


@pytest.fixture
async def small(tmp_path: Path) -> AsyncIterator[Rig]:
    made = await rig(tmp_path, a_pool(warm=2, limit=3))
    yield made
    await made.aclose()


async def _never(*_: Any) -> Any:
    await asyncio.Event().wait()


async def test_a_list_that_never_comes_ends_the_pass_and_the_next_one_goes_on(
    small: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(look, "LISTS_WITHIN", 0.05)
    instances = small.driver.list
    small.driver.list = _never  # type: ignore[method-assign]
    with pytest.raises(DriverUnavailable, match="did not list its instances"):
        await asyncio.wait_for(small.loop.pass_once(), 5)
    small.driver.list = instances  # type: ignore[method-assign]
    await small.settle()
    assert len(await small.driver.list()) == 2


async def test_a_home_that_never_comes_keeps_a_request_waiting_for_a_bounded_time(
    small: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    await small.settle()
    monkeypatch.setattr(handover, "ATTACHES_WITHIN", 0.05)
    attach = small.driver.attach
    small.driver.attach = _never  # type: ignore[method-assign]
    alice = await small.person("alice")
    view = await asyncio.wait_for(service.claim(small.context, alice, pool="lab"), 5)
    assert view.claim.state is ClaimState.HELD
    assert not view.is_settled
    small.driver.attach = attach  # type: ignore[method-assign]
    await small.settle()
    assert (await service.get(small.context, alice, view.claim.id)).is_settled


async def test_an_end_that_never_comes_is_asked_for_again(
    small: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    await small.settle()
    monkeypatch.setattr(apply, "ENDS_WITHIN", 0.05)
    destroy = small.driver.destroy
    small.driver.destroy = _never  # type: ignore[method-assign]
    alice = await small.person("alice")
    view = await service.claim(small.context, alice, pool="lab")
    await service.release(small.context, alice, view.claim.id)
    await small.loop.pass_once()
    await asyncio.wait_for(small.loop.settled(), 5)
    small.driver.destroy = destroy  # type: ignore[method-assign]
    await small.settle()
    assert (await small.store.read(pools.counts))[small.pool.name].stopping == 0


async def test_a_stray_that_cannot_be_ended_does_not_stand_in_the_way_of_the_others(small: Rig) -> None:
    ids = [WorkspaceId(f"s{number:015d}") for number in range(3)]
    for workspace_id in ids:
        await small.driver.create(Spec(workspace_id, PoolName("elsewhere"), TEMPLATE, "s"))
    destroy = small.driver.destroy

    async def stuck(workspace_id: WorkspaceId) -> None:
        if workspace_id == ids[0]:
            raise DriverUnavailable("Something is mounted below it.")
        await destroy(workspace_id)

    small.driver.destroy = stuck  # type: ignore[method-assign]
    strays = StrayLoop(small.pool.backend, small.store, small.clock, small.driver)
    for _ in range(3):
        await strays.pass_once()
    assert [each.workspace_id for each in await small.driver.list()] == ids[:1]


async def test_what_a_pool_left_on_another_backend_is_a_stray_there(small: Rig) -> None:
    left = WorkspaceId("s" + "0" * 15)
    await small.driver.create(Spec(left, small.pool.name, TEMPLATE, "s"))
    here = StrayLoop(small.pool.backend, small.store, small.clock, small.driver)
    there = StrayLoop("elsewhere", small.store, small.clock, small.driver)
    for _ in range(3):
        await here.pass_once()
    assert len(await small.driver.list()) == 1, "its own pool's loop looks after it"
    await there.pass_once()
    assert len(await small.driver.list()) == 1, "one look may be bad timing"
    for _ in range(2):
        await there.pass_once()
    assert await small.driver.list() == []


async def test_who_waits_for_a_place_in_a_full_pool_is_not_told_that_a_start_failed(
    small: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("alice", "bob", "carol"):
        await service.claim(small.context, await small.person(name), pool="lab")
        await small.settle()
    dave = await small.person("dave")
    waiting = (await service.claim(small.context, dave, pool="lab")).claim.id
    monkeypatch.setattr(look, "LISTS_WITHIN", 0.05)
    small.driver.list = _never  # type: ignore[method-assign]
    with pytest.raises(DriverUnavailable):
        await small.loop.pass_once()
    found = await service.get(small.context, dave, waiting)
    assert found.outlook.sentence.startswith("All 3 workspaces of this pool are taken.")
    assert found.outlook.trouble is None
    told = await small.store.read(events.of_claim, waiting)
    assert [line.kind for line in told if line.kind == "delayed"] == []
