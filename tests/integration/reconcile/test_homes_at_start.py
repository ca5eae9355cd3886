"""Where files come in only as an instance starts: one is started for each claim, with that person's files, and never two with the same."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from carrel.domain.actor import Person
from carrel.domain.claim import ClaimState
from carrel.domain.ids import WorkspaceId
from carrel.domain.workspace import Desired, Phase, Workspace
from carrel.drivers.memory import ColdMemoryDriver
from carrel.ports.driver import DriverUnavailable
from carrel.rules.home_wording import COMING_OUT
from carrel.services import claims as service
from carrel.services import workspaces as workspace_service
from carrel.services.claims import ClaimView
from carrel.store import claims, events, homes, pools, schema, workspaces
from carrel.store.engine import Store

from .rig import Fuse, Killed, Rig, a_pool, emptied, rig


@pytest.fixture
async def cold(tmp_path: Path) -> AsyncIterator[Rig]:
    made = await rig(tmp_path, a_pool(warm=2, limit=4, per_user=3), kind=ColdMemoryDriver)
    await made.settle()
    yield made
    await made.aclose()


async def _rows(life: Rig) -> list[Workspace]:
    return await life.store.read(workspaces.of_pool, life.pool.name)


async def _has(life: Rig, person: Person, view: ClaimView) -> Workspace:
    """What the claim holds, once it is handed over."""
    found = await service.get(life.context, person, view.claim.id)
    assert found.is_settled, found.outlook.sentence
    row = await life.store.read(workspaces.of_claim, view.claim.id)
    assert row is not None
    return row


async def _works(life: Rig, person: Person, name: str = "default") -> Workspace:
    view = await service.claim(life.context, person, pool="lab", name=name)
    await life.settle(12)
    row = await _has(life, person, view)
    life.driver.files_of(row.id)[f"{name}.ipynb"] = b"work"
    return row


async def _give_back(life: Rig, person: Person, row: Workspace) -> None:
    assert row.claim_id is not None
    await service.release(life.context, person, row.claim_id)


async def test_nothing_is_warm_and_whoever_asks_gets_one_that_started_with_their_files(cold: Rig) -> None:
    assert await _rows(cold) == []
    alice = await cold.person("alice")
    view = await service.claim(cold.context, alice, pool="lab")
    assert view.claim.state is ClaimState.WAITING
    await cold.settle(12)
    row = await _has(cold, alice, view)
    assert row.home_id == view.claim.home_id
    assert cold.driver.home_of(row.id) == view.claim.home_id


async def test_who_comes_back_finds_yesterdays_file(cold: Rig) -> None:
    alice = await cold.person("alice")
    first = await _works(cold, alice)
    await _give_back(cold, alice, first)
    await cold.settle(12)
    second = await _works(cold, alice)
    assert second.id != first.id
    assert cold.driver.files_of(second.id) == {"default.ipynb": b"work"}


async def test_files_that_are_still_coming_out_are_waited_for_and_the_person_is_told_once(
    cold: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stuck(workspace_id: WorkspaceId) -> None:
        raise DriverUnavailable("The disk does not let go.")

    alice = await cold.person("alice")
    first = await _works(cold, alice)
    detach = cold.driver.detach
    monkeypatch.setattr(cold.driver, "detach", stuck)
    await _give_back(cold, alice, first)
    view = await service.claim(cold.context, alice, pool="lab")
    await cold.settle(10)
    assert [row.id for row in await _rows(cold)] == [first.id], "started with files that are elsewhere"
    told = [line.sentence for line in await cold.store.read(events.of_claim, view.claim.id)]
    assert told.count(COMING_OUT) == 1
    assert (await service.get(cold.context, alice, view.claim.id)).outlook.sentence == COMING_OUT
    monkeypatch.setattr(cold.driver, "detach", detach)
    await cold.settle(60)
    row = await _has(cold, alice, view)
    assert cold.driver.files_of(row.id) == {"default.ipynb": b"work"}


async def test_what_was_started_for_somebody_who_left_ends_and_its_files_are_free(cold: Rig) -> None:
    cold.world.is_slow = True
    alice, bob = await cold.person("alice"), await cold.person("bob")
    view = await service.claim(cold.context, alice, pool="lab")
    for _ in range(3):
        await cold.loop.pass_once()
        await cold.loop.settled()
        cold.clock.time += timedelta(seconds=1)
    [started] = await _rows(cold)
    assert (started.claim_id, started.home_id) == (None, view.claim.home_id)
    cold.driver.arrive(started.id)
    await service.release(cold.context, alice, view.claim.id)
    other = await service.claim(cold.context, bob, pool="lab")
    assert other.claim.state is ClaimState.WAITING, "somebody else's files are in it"
    cold.world.is_slow = False
    await cold.settle(20)
    row = await _has(cold, bob, other)
    assert row.id != started.id
    assert (await _rows(cold)) == [row]
    [home] = await cold.store.read(homes.of_user, alice.user_id)
    assert home.workspace_id is None


async def test_people_beyond_the_limit_wait_and_get_one_when_somebody_leaves(cold: Rig) -> None:
    people = [await cold.person(f"p{number}") for number in range(6)]
    views = []
    for person in people:
        views.append(await service.claim(cold.context, person, pool="lab"))
        cold.clock.time += timedelta(seconds=0.1)
    await cold.settle(8)
    found = [await cold.store.read(claims.get, view.claim.id) for view in views]
    assert [claim.state for claim in found if claim] == [ClaimState.HELD] * 4 + [ClaimState.WAITING] * 2
    seen = await service.get(cold.context, people[4], views[4].claim.id)
    assert seen.position == 1
    assert "All 4 workspaces of this pool are taken" in seen.outlook.sentence
    await service.release(cold.context, people[1], views[1].claim.id)
    await cold.settle(8)
    await _has(cold, people[4], views[4])
    assert len(await _rows(cold)) == 4


async def test_whoever_waits_is_told_of_the_one_that_was_started_for_them(cold: Rig) -> None:
    cold.world.is_slow = True
    people = [await cold.person(f"p{number}") for number in range(3)]
    views = [await service.claim(cold.context, person, pool="lab") for person in people]
    for _ in range(3):
        await cold.loop.pass_once()
        await cold.loop.settled()
    for person, view in zip(people, views, strict=True):
        found = await service.get(cold.context, person, view.claim.id)
        assert found.outlook.sentence == "A workspace is starting for you."
    mine = next(row for row in await _rows(cold) if row.home_id == views[2].claim.home_id)
    cold.driver.arrive(mine.id)
    for _ in range(3):
        cold.clock.time += timedelta(seconds=2)
        await cold.loop.pass_once()
        await cold.loop.settled()
    assert (await _has(cold, people[2], views[2])).id == mine.id, "had to wait for those before them"


async def test_a_restart_keeps_the_files(cold: Rig) -> None:
    alice = await cold.person("alice")
    row = await _works(cold, alice)
    await workspace_service.restart(cold.context, alice, row.id)
    await cold.settle(12)
    assert cold.driver.files_of(row.id) == {"default.ipynb": b"work"}
    assert (await service.get(cold.context, alice, row.claim_id)).is_settled  # type: ignore[arg-type]


async def test_one_that_was_warm_before_the_backend_changed_is_given_to_nobody(tmp_path: Path) -> None:
    before = await rig(tmp_path, a_pool(warm=2, limit=4))
    await before.settle()
    await before.store.aclose()
    after = await rig(tmp_path, before.pool, world=before.world, clock=before.clock, kind=ColdMemoryDriver)
    alice = await after.person("alice")
    view = await service.claim(after.context, alice, pool="lab")
    await after.settle(40)
    row = await _has(after, alice, view)
    assert after.driver.home_of(row.id) == view.claim.home_id
    assert await _rows(after) == [row]
    await after.aclose()


async def _live_through(folder: Path, fuse: Fuse, store: Store | None = None) -> tuple[Rig, bool]:
    """Two people come, one gives back and comes again for the files, the other leaves the queue. True if it was killed on the way."""
    one = await rig(folder, a_pool(warm=1, limit=3), fuse=fuse, kind=ColdMemoryDriver, store=store)
    try:
        alice, bob = await one.person("alice"), await one.person("bob")
        held = await service.claim(one.context, alice, pool="lab")
        left = await service.claim(one.context, bob, pool="lab")
        await one.loop.pass_once()
        await one.loop.settled()
        await service.release(one.context, bob, left.claim.id)
        await one.settle(6)
        if fuse.is_blown:
            return one, True
        row = await _has(one, alice, held)
        one.driver.files_of(row.id)["mine.txt"] = b"mine"
        await service.release(one.context, alice, held.claim.id)
        await one.loop.pass_once()
        await one.loop.settled()
        await service.claim(one.context, alice, pool="lab")
        await one.settle(6)
    except Killed:
        pass
    return one, fuse.is_blown


async def _check_whole(life: Rig) -> None:
    rows = await _rows(life)
    listed = {instance.workspace_id for instance in await life.driver.list()}
    live = await life.store.read(claims.live, life.pool.name)
    assert listed == {row.id for row in rows}, "an instance is lost or left over"
    assert await life.store.read(pools.live, life.pool.name) == len(rows)
    assert {row.claim_id for row in rows} == {claim.id for claim in live}, "left over, or somebody waits"
    assert all(
        row.attached_at and row.phase is Phase.READY and row.desired is Desired.RUNNING for row in rows
    )
    inside = {row.id: row.home_id for row in rows}
    assert {id_: life.driver.home_of(id_) for id_ in listed} == inside
    noted = await life.store.read(lambda conn: conn.execute(sa.select(schema.homes)).all())
    assert {home.workspace_id: home.id for home in noted if home.workspace_id} == inside
    for row in rows:
        assert life.driver.files_of(row.id) in ({}, {"mine.txt": b"mine"})


async def test_killed_after_any_step_the_next_life_repairs_everything(tmp_path: Path) -> None:
    whole, _ = await _live_through(tmp_path, Fuse())
    await _check_whole(whole)
    steps = whole.fuse.steps
    assert steps > 20
    for step in range(steps):
        fuse = Fuse(steps_left=step, after=True)
        life, killed = await _live_through(tmp_path, fuse, await emptied(whole.store))
        assert killed, f"step {step} of {steps} was never reached"
        next_life = await life.reborn()
        await next_life.settle(40)
        try:
            await _check_whole(next_life)
        except AssertionError as error:
            raise AssertionError(f"killed at step {step} of {steps}: {error}") from error
    await whole.aclose()
