"""A pool over a real store: it fills, serves, queues, releases, replaces, and survives being killed at every step."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from carrel.domain.actor import System
from carrel.domain.claim import ClaimState
from carrel.domain.workspace import Desired, Phase
from carrel.services import claims as service
from carrel.services import users
from carrel.services import workspaces as workspace_service
from carrel.store import claims, leases, pools, schema, workspaces
from carrel.store.engine import Store

from .rig import Fuse, Killed, Rig, a_pool, emptied, rig


@pytest.fixture
async def small(tmp_path: Path) -> AsyncIterator[Rig]:
    made = await rig(tmp_path, a_pool(warm=2, limit=3))
    yield made
    await made.aclose()


async def test_a_pool_fills_itself_and_stops_there(small: Rig) -> None:
    await small.settle()
    counts = (await small.store.read(pools.counts))[small.pool.name]
    assert (counts.ready, counts.starting, counts.claimed) == (2, 0, 0)
    assert len(await small.driver.list()) == 2


async def test_a_claim_takes_a_warm_one_with_its_home_and_the_pool_refills(small: Rig) -> None:
    await small.settle()
    alice = await small.person("alice")
    view = await service.claim(small.context, alice, pool="lab")
    assert view.claim.state is ClaimState.HELD
    assert view.is_settled
    assert view.workspace is not None
    assert small.driver.home_of(view.workspace.id) == view.workspace.home_id
    again = await service.claim(small.context, alice, pool="lab")
    assert again.claim.id == view.claim.id
    assert not again.is_new
    await small.settle()
    counts = (await small.store.read(pools.counts))[small.pool.name]
    assert (counts.ready, counts.claimed) == (2, 1)


async def test_a_dead_warm_workspace_is_replaced_and_the_person_does_not_notice(small: Rig) -> None:
    await small.settle()
    first, second = sorted(
        await small.store.read(workspaces.of_pool, small.pool.name), key=lambda row: row.ready_at
    )
    small.driver.crash(first.id, "It ran out of memory.")
    view = await service.claim(small.context, await small.person("alice"), pool="lab")
    assert view.is_settled
    assert view.workspace is not None
    assert view.workspace.id == second.id
    await small.settle()
    gone = await small.store.read(workspaces.get, first.id)
    assert gone is not None
    assert gone.phase is Phase.GONE


async def test_when_all_warm_ones_are_dead_the_claim_waits_and_is_served_by_the_next_start(
    small: Rig,
) -> None:
    await small.settle()
    for row in await small.store.read(workspaces.of_pool, small.pool.name):
        small.driver.crash(row.id, "It ran out of memory.")
    alice = await small.person("alice")
    view = await service.claim(small.context, alice, pool="lab")
    assert view.claim.state is ClaimState.WAITING
    assert view.position == 1
    await small.settle()
    assert (await service.get(small.context, alice, view.claim.id)).is_settled


async def test_beyond_the_limit_people_wait_in_order_and_are_served_as_others_leave(small: Rig) -> None:
    await small.settle()
    people = [await small.person(f"p{number}") for number in range(5)]
    views = []
    for person in people:
        small.clock.time += timedelta(seconds=1)
        views.append(await service.claim(small.context, person, pool="lab"))
    await small.settle(10)
    states = [
        (await service.get(small.context, p, v.claim.id)).claim.state
        for p, v in zip(people, views, strict=True)
    ]
    assert states == [ClaimState.HELD] * 3 + [ClaimState.WAITING] * 2
    assert (await service.get(small.context, people[3], views[3].claim.id)).position == 1
    await service.release(small.context, people[0], views[0].claim.id)
    await small.settle(10)
    assert (await service.get(small.context, people[3], views[3].claim.id)).is_settled
    assert (await service.get(small.context, people[4], views[4].claim.id)).position == 1
    assert await small.store.read(pools.live, small.pool.name) == 3


async def test_a_released_workspace_leaves_the_data_plane_before_it_is_ended(small: Rig) -> None:
    await small.settle()
    alice = await small.person("alice")
    view = await service.claim(small.context, alice, pool="lab")
    assert view.workspace is not None
    seen: list[bool] = []
    destroy = small.driver.destroy

    async def watched(workspace_id: object) -> None:
        seen.append(any(route.workspace_id == workspace_id for route in small.dataplane.routes))
        await destroy(workspace_id)  # type: ignore[arg-type]

    small.driver.destroy = watched  # type: ignore[method-assign,assignment]
    await service.release(small.context, alice, view.claim.id)
    await small.settle(5)
    assert seen == [False]


async def test_an_owner_sees_why_theirs_ended_and_gets_another(small: Rig) -> None:
    await small.settle()
    alice = await small.person("alice")
    view = await service.claim(small.context, alice, pool="lab")
    assert view.workspace is not None
    small.driver.crash(view.workspace.id, "It ran out of memory.")
    await small.settle(10)
    ended = await service.get(small.context, alice, view.claim.id)
    assert ended.claim.state is ClaimState.RELEASED
    assert ended.claim.reason == "It ran out of memory."
    told = await workspace_service.get(small.context, alice, view.workspace.id)
    assert told.workspace.reason == "It ran out of memory."
    another = await service.claim(small.context, alice, pool="lab")
    assert another.is_settled
    assert another.workspace is not None
    assert another.workspace.id != view.workspace.id


async def _live_through(tmp_path: Path, fuse: Fuse, store: Store | None = None) -> tuple[Rig, bool]:
    """The day of a small pool: it fills, two people come, one leaves and comes back for the files. True if it was killed on the way."""
    one = await rig(tmp_path, a_pool(warm=1, limit=3), fuse=fuse, store=store)
    try:
        await one.settle(6)
        alice, bob = await one.person("alice"), await one.person("bob")
        held = await service.claim(one.context, alice, pool="lab")
        await service.claim(one.context, bob, pool="lab")
        await one.settle(6)
        assert held.workspace is not None
        one.driver.files_of(held.workspace.id)["mine.txt"] = b"mine"
        await service.release(one.context, alice, held.claim.id)
        await one.loop.pass_once()
        await one.loop.settled()
        await service.claim(one.context, alice, pool="lab")
        await one.settle(6)
    except Killed:
        pass
    return one, fuse.is_blown


async def _check_whole(life: Rig) -> None:
    rows = await life.store.read(workspaces.of_pool, life.pool.name)
    listed = {instance.workspace_id for instance in await life.driver.list()}
    live = await life.store.read(claims.live, life.pool.name)
    assert listed == {row.id for row in rows}, "an instance is lost or left over"
    assert await life.store.read(pools.live, life.pool.name) == len(rows) <= life.pool.limit
    assert sum(row.is_warm for row in rows) == life.pool.warm
    assert all(claim.state is ClaimState.HELD for claim in live), "somebody waits although there is room"
    held = {row.claim_id: row for row in rows if row.claim_id is not None}
    assert set(held) == {claim.id for claim in live}
    assert all(
        row.attached_at and row.phase is Phase.READY and row.desired is Desired.RUNNING
        for row in held.values()
    )
    inside = {row.id: row.home_id for row in held.values()}
    assert len(set(inside.values())) == len(inside), "one home is in two workspaces"
    assert {id_: life.driver.home_of(id_) for id_ in listed if life.driver.home_of(id_)} == inside
    noted = await life.store.read(lambda conn: conn.execute(sa.select(schema.homes)).all())
    assert {home.workspace_id: home.id for home in noted if home.workspace_id} == inside


@pytest.mark.parametrize("after", [False, True], ids=["before the step", "after the step"])
async def test_killed_at_any_step_the_next_life_repairs_everything(tmp_path: Path, after: bool) -> None:
    whole, _ = await _live_through(tmp_path, Fuse())
    assert not whole.fuse.is_blown
    await _check_whole(whole)
    steps = whole.fuse.steps
    assert steps > 20
    for step in range(steps):
        fuse = Fuse(steps_left=step, after=after)
        life, killed = await _live_through(tmp_path, fuse, await emptied(whole.store))
        assert killed, f"step {step} of {steps} was never reached"
        next_life = await life.reborn()
        await next_life.settle(40)
        try:
            await _check_whole(next_life)
        except AssertionError as error:
            raise AssertionError(f"killed at step {step} of {steps}: {error}") from error
    await whole.aclose()


async def test_a_template_change_replaces_the_warm_and_leaves_the_claimed(small: Rig) -> None:
    from carrel.rules.recipe import versioned
    from carrel.store import templates

    from .rig import TEMPLATE

    await small.settle()
    alice = await small.person("alice")
    view = await service.claim(small.context, alice, pool="lab")
    await small.settle(5)
    changed = versioned(replace(TEMPLATE, title="New"))
    await small.store.write(templates.put, changed, small.clock.now())
    await small.settle(40)
    rows = await small.store.read(workspaces.of_pool, small.pool.name)
    assert {row.template_version for row in rows if row.is_warm} == {changed.version}
    kept = next(row for row in rows if row.claim_id == view.claim.id)
    assert kept.template_version == TEMPLATE.version


async def test_a_replica_that_does_not_lead_a_pool_leaves_it_alone(
    small: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "acquire", lambda *_: False)
    await small.settle(5)
    assert await small.store.read(workspaces.of_pool, small.pool.name) == []
    monkeypatch.undo()
    await small.settle()
    assert len(await small.driver.list()) == 2


async def test_what_somebody_held_ends_when_they_are_disabled(small: Rig) -> None:
    await small.settle()
    alice, bob = await small.person("alice"), await small.person("bob")
    view = await service.claim(small.context, alice, pool="lab")
    kept = await service.claim(small.context, bob, pool="lab")
    await users.disable(small.context, System(), alice.user_id)
    await small.settle(10)
    ended = (await workspace_service.get(small.context, System(), view.workspace.id)).workspace
    assert (ended.phase, ended.reason) == (Phase.GONE, "The account was disabled.")
    assert (await service.get(small.context, bob, kept.claim.id)).is_settled
