"""Workspaces: guarded moves, counters, timelines and what the data plane is told."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from carrel.domain.endpoint import Endpoint
from carrel.domain.errors import Internal
from carrel.domain.home import Home
from carrel.domain.ids import HomeId, WorkspaceId
from carrel.domain.reason import Reason, ReasonCode
from carrel.domain.workspace import TRANSITIONS, Desired, Phase, Workspace, may_become
from carrel.mint import new_id
from carrel.store import claims, events, homes, pools, workspaces
from carrel.store.engine import Store

World = Any

ROADS: dict[Phase, tuple[Phase, ...]] = {
    Phase.PENDING: (),
    Phase.STARTING: (Phase.STARTING,),
    Phase.READY: (Phase.STARTING, Phase.READY),
    Phase.DRAINING: (Phase.STARTING, Phase.READY, Phase.DRAINING),
    Phase.STOPPING: (Phase.STOPPING,),
    Phase.FAILED: (Phase.FAILED,),
    Phase.GONE: (Phase.STOPPING, Phase.GONE),
}
"""How a new workspace comes to each phase."""


async def test_what_is_intended_is_read_back_whole(world: World, store: Store) -> None:
    pool = await world.pool()
    workspace = await world.intended(pool)
    assert await store.read(workspaces.get, workspace.id) == workspace
    assert await store.read(workspaces.of_pool, pool.name) == [workspace]
    assert [event.kind for event in await store.read(events.of_workspace, workspace.id)] == ["pending"]


async def test_nothing_is_intended_beyond_the_limit_or_in_a_removed_pool(world: World, store: Store) -> None:
    pool = await world.pool(limit=1)
    await world.intended(pool)
    assert not await store.write(workspaces.intend, world.pending(pool))
    removed = await world.pool()
    await store.write(pools.remove, removed.name, world.now)
    assert not await store.write(workspaces.intend, world.pending(removed))
    assert await store.read(workspaces.of_pool, removed.name) == []


async def test_a_lowered_limit_counts_at_once(world: World, store: Store) -> None:
    pool = await world.pool("lowered", limit=3)
    await world.intended(pool)
    await world.intended(pool)
    lower = await world.pool("lowered", limit=1)
    assert not await store.write(workspaces.intend, world.pending(lower))
    assert await store.read(pools.live, pool.name) == 2


@pytest.mark.parametrize("new", Phase)
@pytest.mark.parametrize("old", Phase)
async def test_a_move_obeys_the_transitions(world: World, store: Store, old: Phase, new: Phase) -> None:
    pool = await world.pool()
    workspace = await world.moved(await world.intended(pool), *ROADS[old])
    move = store.write(workspaces.move, workspace.id, workspace.version, new, world.later())
    if not may_become(old, new):
        with pytest.raises(Internal, match=f"is {old} and cannot become {new}"):
            await move
        assert await store.read(workspaces.get, workspace.id) == workspace
        return
    moved = await move
    assert moved is not None
    assert moved == await store.read(workspaces.get, workspace.id)
    assert (moved.phase, moved.phase_at, moved.version) == (new, world.now, workspace.version + 1)
    ends = new in {Phase.STOPPING, Phase.FAILED, Phase.GONE}
    assert moved.desired is (Desired.GONE if ends else workspace.desired)
    assert (await store.read(events.of_workspace, workspace.id))[-1].kind == new.value
    assert await store.read(pools.live, pool.name) == (0 if new is Phase.GONE else 1)


def test_every_phase_is_reached_by_a_road_the_transitions_know() -> None:
    for end, road in ROADS.items():
        steps = (Phase.PENDING, *road)
        assert steps[-1] is end
        assert all(new in TRANSITIONS[old] for old, new in pairwise(steps))


async def test_whoever_decided_on_an_old_version_is_too_late(world: World, store: Store) -> None:
    workspace = await world.intended(await world.pool())
    await world.moved(workspace, Phase.STARTING)
    assert await store.write(workspaces.move, workspace.id, 0, Phase.FAILED, world.now) is None
    assert await store.write(workspaces.attached, workspace.id, 0, None, world.now) is None
    assert await store.write(workspaces.placed, workspace.id, 0, handle="{}") is None
    nobody = WorkspaceId(new_id())
    assert await store.write(workspaces.move, nobody, 0, Phase.FAILED, world.now) is None
    unchanged = await store.read(workspaces.get, workspace.id)
    assert unchanged is not None
    assert unchanged.phase is Phase.STARTING


async def test_a_move_keeps_what_it_is_not_told(world: World, store: Store) -> None:
    workspace = await world.intended(await world.pool())
    first = Endpoint("127.0.0.1", 4000, "https", "app")
    reason = Reason(ReasonCode.RESTARTED, "You restarted it.")
    version = workspace.version
    for phase, told in (
        (Phase.STARTING, {"handle": '{"pid": 1}'}),
        (Phase.READY, {"endpoint": first}),
        (Phase.STARTING, {"reason": reason}),
        (Phase.READY, {}),
        (Phase.STOPPING, {"reason": Reason(ReasonCode.SURPLUS, "Too many.")}),
        (Phase.GONE, {}),
    ):
        world.later()
        moved = await store.write(workspaces.move, workspace.id, version, phase, world.now, **told)
        assert moved is not None
        version = moved.version
        if phase is Phase.READY:
            assert moved.reason is None
            assert moved.reason_code is None
    assert moved is not None
    assert (moved.handle, moved.endpoint) == ('{"pid": 1}', first)
    assert (moved.reason, moved.reason_code) == ("Too many.", "surplus")
    assert moved.ready_at == workspace.created_at + timedelta(seconds=2), (
        "the first time counts, not the restart"
    )
    assert moved.gone_at == world.now


async def test_the_reason_of_a_move_is_what_its_timelines_say(world: World, store: Store) -> None:
    pool = await world.pool()
    await world.warm(pool)
    claim = (await world.take(await world.user(), pool)).claim
    held = await store.read(workspaces.of_claim, claim.id)
    assert held is not None
    crash = Reason(ReasonCode.CRASHED, "The command ended with exit status 1.")
    await store.write(workspaces.move, held.id, held.version, Phase.FAILED, world.now, reason=crash)
    for told in (await store.read(events.of_workspace, held.id), await store.read(events.of_claim, claim.id)):
        assert (told[-1].kind, told[-1].sentence) == ("failed", crash.sentence)
        assert (told[-1].workspace_id, told[-1].claim_id) == (held.id, claim.id)


async def _held(world: World, store: Store) -> Workspace:
    pool = await world.pool()
    await world.warm(pool)
    claim = (await world.take(await world.user(), pool)).claim
    held = await store.read(workspaces.of_claim, claim.id)
    assert held is not None
    return held


async def test_a_home_is_attached_to_what_its_person_holds(world: World, store: Store) -> None:
    held = await _held(world, store)
    assert held.owner is not None
    home: Home = await store.write(homes.ensure, HomeId(new_id()), held.owner, "default", world.now)
    attached = await store.write(workspaces.attached, held.id, held.version, home.id, world.later())
    assert attached is not None
    assert (attached.home_id, attached.attached_at) == (home.id, world.now)
    assert attached == await store.read(workspaces.get, held.id)
    assert [event.kind for event in await store.read(events.of_workspace, held.id)][-1] == "attached"


async def test_only_the_first_entry_is_written_down(world: World, store: Store) -> None:
    held = await _held(world, store)
    assert await store.write(workspaces.entered, held.id, world.later())
    first = world.now
    assert not await store.write(workspaces.entered, held.id, world.later())
    found = await store.read(workspaces.get, held.id)
    assert found is not None
    assert found.entered_at == first
    assert found.claim_id is not None
    kinds = [event.kind for event in await store.read(events.of_claim, found.claim_id)]
    assert kinds == ["assigned", "entered"]


async def test_extending_sets_the_end_of_a_live_one(world: World, store: Store) -> None:
    held = await _held(world, store)
    extended = await store.write(workspaces.extend, held.id, world.later(3600))
    assert extended is not None
    assert extended.stops_at == world.now
    assert extended == await store.read(workspaces.get, held.id)
    gone = await world.moved(extended, Phase.STOPPING, Phase.GONE)
    assert await store.write(workspaces.extend, gone.id, world.now) is None


async def test_what_the_driver_tells_in_between_is_kept(world: World, store: Store) -> None:
    workspace = await world.moved(await world.intended(await world.pool()), Phase.STARTING)
    placed = await store.write(
        workspaces.placed, workspace.id, workspace.version, endpoint=Endpoint("127.0.0.1", 4000)
    )
    assert placed is not None
    assert (placed.phase, placed.endpoint) == (Phase.STARTING, Endpoint("127.0.0.1", 4000))
    again = await store.write(workspaces.placed, workspace.id, placed.version, handle="{}")
    assert again is not None
    assert (again.endpoint, again.handle) == (placed.endpoint, "{}")


async def test_routes_lead_to_ready_and_draining_ones_that_are_wanted(world: World, store: Store) -> None:
    pool = await world.pool()
    ready, draining, stopping, unwanted = await world.warm(pool, 4)
    world.later()
    await world.moved(await world.intended(pool), Phase.STARTING, Phase.READY)  # without an address
    draining = await world.moved(draining, Phase.DRAINING)
    await world.moved(stopping, Phase.STOPPING)
    claim = (await world.take(await world.user(), pool)).claim
    taken = await store.read(workspaces.of_claim, claim.id)
    assert taken is not None
    assert taken.id in {ready.id, unwanted.id}
    await store.write(claims.unassign, claim.id, world.now)
    left = {ready.id, unwanted.id, draining.id} - {taken.id}
    assert {row.id for row in await store.read(workspaces.routable)} == left


async def test_addresses_of_the_gone_are_remembered_for_as_long_as_asked(world: World, store: Store) -> None:
    pool = await world.pool()
    early, late = await world.warm(pool, 2)
    await world.moved(early, Phase.STOPPING, Phase.GONE)
    early_at, late_at = world.now, world.later(600)
    await world.moved(late, Phase.STOPPING, Phase.GONE)
    assert await store.read(workspaces.recent_addresses, late_at) == [(late.endpoint, late.id, late_at)]
    assert await store.read(workspaces.recent_addresses, early_at) == [
        (early.endpoint, early.id, early_at),
        (late.endpoint, late.id, late_at),
    ]
