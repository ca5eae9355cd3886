"""Evidence of use in the rows: only ever forwards, in one batch, and in the way of every decision that was taken without it."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

from carrel.domain.activity import Observation
from carrel.domain.ids import WorkspaceId
from carrel.domain.template import Template
from carrel.domain.workspace import Phase, Workspace
from carrel.mint import new_id
from carrel.store import events, templates, use, workspaces
from carrel.store.engine import Store

World = Any
HOUR = timedelta(hours=1)


async def held(world: World, store: Store) -> Workspace:
    pool = await world.pool()
    await world.warm(pool)
    claim = (await world.take(await world.user(), pool)).claim
    row = await store.read(workspaces.of_claim, claim.id)
    assert row is not None
    attached = await store.write(workspaces.attached, row.id, row.version, None, world.later())
    assert attached is not None
    return attached


async def now_of(store: Store, row: Workspace) -> Workspace:
    found = await store.read(workspaces.get, row.id)
    assert found is not None
    return found


def typed(row: Workspace, at: datetime, known: datetime | None = None) -> Observation:
    return Observation(row.id, known, at, "somebody typed")


async def test_use_goes_forwards_and_undoes_decisions_taken_before(world: World, store: Store) -> None:
    row = await held(world, store)
    nobodys = Observation(WorkspaceId(new_id()), world.now, world.now, "a ghost")
    await store.write(use.record, [nobodys, typed(row, world.later())])
    await store.write(use.record, [Observation(row.id, None, world.now - HOUR, "something older")])
    await store.write(use.record, [])
    found = await now_of(store, row)
    assert (found.last_active_at, found.active_because) == (world.now, "somebody typed")
    assert found.version == row.version + 1
    assert await store.write(workspaces.move, row.id, row.version, Phase.STOPPING, world.now) is None


async def test_that_nothing_was_seen_is_known_and_undoes_nothing(world: World, store: Store) -> None:
    row = await held(world, store)
    await store.write(use.record, [Observation(row.id, world.later())])
    await store.write(use.record, [Observation(row.id, world.now - HOUR)])
    await store.write(use.record, [Observation(row.id, None)])
    found = await now_of(store, row)
    assert (found.observed_at, found.last_active_at, found.version) == (world.now, None, row.version)


async def test_a_warning_holds_until_it_is_used(world: World, store: Store) -> None:
    row = await held(world, store)
    warned = await store.write(use.warned, row.id, row.version, "It stops at noon.", world.later())
    assert warned is not None
    assert warned.warned_at == world.now
    await store.write(use.record, [Observation(row.id, world.later())])
    assert (await now_of(store, row)).warned_at == warned.warned_at
    await store.write(use.record, [typed(row, world.later())])
    assert (await now_of(store, row)).warned_at is None
    told = [event for event in await store.read(events.of_workspace, row.id) if event.kind == "warned"]
    assert [event.sentence for event in told] == ["It stops at noon."]


async def test_nobody_is_warned_who_used_it_meanwhile(world: World, store: Store) -> None:
    row = await held(world, store)
    await store.write(use.record, [typed(row, world.later())])
    assert await store.write(use.warned, row.id, row.version, "It stops at noon.", world.later()) is None
    assert "warned" not in [event.kind for event in await store.read(events.of_workspace, row.id)]


async def test_a_warning_from_before_a_gap_is_taken_back(world: World, store: Store) -> None:
    row = await held(world, store)
    unwarned = await held(world, store)
    warned = await store.write(use.warned, row.id, row.version, "It stops at noon.", world.later())
    assert warned is not None
    gap = [Observation(one.id, world.later(), is_after_gap=True) for one in (row, unwarned)]
    await store.write(use.record, gap)
    found = await now_of(store, row)
    assert (found.warned_at, found.version) == (None, warned.version + 1)
    assert (await now_of(store, unwarned)).version == unwarned.version


async def test_opening_it_from_the_hub_is_use(world: World, store: Store) -> None:
    row = await held(world, store)
    await store.write(use.opened, row.id, world.later())
    found = await now_of(store, row)
    assert (found.last_active_at, found.active_because) == (world.now, "somebody opened it")


async def test_only_what_somebody_is_inside_of_is_asked(world: World, store: Store) -> None:
    row = await held(world, store)
    pool = await world.pool()
    await world.warm(pool)
    taken = await world.take(await world.user(), pool)
    assert taken.claim.workspace_id is not None, "held, and not handed over"
    ending = await held(world, store)
    await store.write(workspaces.move, ending.id, ending.version, Phase.STOPPING, world.now)
    assert await store.read(use.in_hands) == [], "nobody knows how"
    recipe = Template(row.template, ("true",), activity="jupyter", version=row.template_version)
    await store.write(templates.put, recipe, world.now)
    assert await store.read(use.in_hands) == [(row, recipe)]


async def test_replicas_that_see_the_same_do_not_stand_in_each_others_way(
    world: World, replicas: list[Store]
) -> None:
    rows = [await held(world, replicas[0]) for _ in range(6)]
    at = world.later()
    some, others = rows[::2], rows[1::2]

    async def see(store: Store, active: list[Workspace]) -> None:
        for _ in range(10):
            await store.write(
                use.record, [typed(row, at, at) if row in active else Observation(row.id, at) for row in rows]
            )

    await asyncio.gather(see(replicas[0], some), see(replicas[1], others))
    for row in rows:
        found = await now_of(replicas[0], row)
        assert (found.last_active_at, found.observed_at, found.version) == (at, at, row.version + 1)
