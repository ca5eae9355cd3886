"""How far a start has come reaches whoever waits for it, in one line that is kept up to date."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from carrel.domain.actor import Person
from carrel.domain.event import Event
from carrel.domain.ids import WorkspaceId
from carrel.domain.instance import Progress
from carrel.domain.step import Step, StepName, StepState
from carrel.drivers.memory import MemoryDriver
from carrel.services import claims as service
from carrel.services import failures
from carrel.services.claims import ClaimView
from carrel.store import events, workspaces

from .rig import Rig, a_pool, rig

FETCHES = "The image lab:1 is being fetched."


@pytest.fixture
async def slow(tmp_path: Path) -> AsyncIterator[Rig]:
    made = await rig(tmp_path, a_pool(warm=1, limit=2))
    made.world.is_slow = True
    await _passes(made)
    yield made
    await made.aclose()


async def _passes(life: Rig, many: int = 3) -> None:
    for _ in range(many):
        await life.loop.pass_once()
        await life.loop.settled()
        life.clock.time += timedelta(seconds=1)


async def _row(life: Rig) -> WorkspaceId:
    return (await life.store.read(workspaces.of_pool, life.pool.name))[0].id


async def _lines(life: Rig) -> list[Event]:
    return [
        line
        for line in await life.store.read(events.of_workspace, await _row(life))
        if line.kind == "progress"
    ]


async def _step(life: Rig, person: Person, view: ClaimView) -> Step:
    found = await service.get(life.context, person, view.claim.id)
    return next(step for step in found.outlook.steps if step.state is StepState.NOW)


async def test_who_waits_for_a_start_of_the_pool_sees_how_far_it_is(slow: Rig) -> None:
    alice = await slow.person("alice")
    view = await service.claim(slow.context, alice, pool="lab")
    assert (await _step(slow, alice, view)).fraction is None
    slow.driver.show_progress(await _row(slow), Progress(FETCHES, 0.4))
    await _passes(slow, 1)
    step = await _step(slow, alice, view)
    assert step.name is StepName.START
    assert (step.note, step.fraction) == ("The image lab:1 is being fetched: 40 %.", 0.4)


async def test_one_that_gets_nowhere_is_a_trouble_from_its_first_try_until_it_goes_on(slow: Rig) -> None:
    alice = await slow.person("alice")
    view = await service.claim(slow.context, alice, pool="lab")
    wrong = "The image lab:1 could not be fetched from quay.io."
    slow.driver.show_progress(await _row(slow), Progress(f"{wrong} It is tried again.", trouble=wrong))
    await _passes(slow, 2)
    found = await service.get(slow.context, alice, view.claim.id)
    assert found.outlook.trouble is not None
    assert found.outlook.sentence == "A workspace could not be started. Carrel keeps trying."
    failure = await failures.of_claim(slow.context, alice, view.claim.id)
    assert failure is not None
    assert (failure.detail, failure.is_tried_now) == (wrong, True)
    told = await slow.store.read(events.of_claim, view.claim.id)
    assert sum(wrong in line.sentence for line in told) == 1
    slow.driver.show_progress(await _row(slow), Progress(FETCHES, 0.1))
    await _passes(slow, 1)
    found = await service.get(slow.context, alice, view.claim.id)
    assert found.outlook.trouble is None
    assert found.outlook.sentence.startswith("A workspace is starting for you")


async def test_it_is_one_line_that_changes_and_only_when_it_moved(slow: Rig) -> None:
    seen = []
    for percent in range(0, 101, 2):
        slow.driver.show_progress(await _row(slow), Progress(FETCHES, percent / 100))
        await _passes(slow, 1)
        [line] = await _lines(slow)
        seen.append(line.sentence)
    assert seen[-1] == "The image lab:1 is being fetched: 100 %."
    assert len(set(seen)) <= 21
    slow.driver.show_progress(await _row(slow), Progress("The container is being made."))
    await _passes(slow, 1)
    assert [line.sentence for line in await _lines(slow)] == ["The container is being made."]


async def test_what_does_not_move_is_not_written_again(slow: Rig) -> None:
    slow.driver.show_progress(await _row(slow), Progress(FETCHES, 0.4))
    await _passes(slow)
    before = await _lines(slow)
    await _passes(slow, 5)
    assert await _lines(slow) == before


async def test_another_control_plane_shows_it_and_goes_on_with_the_same_line(slow: Rig) -> None:
    alice = await slow.person("alice")
    view = await service.claim(slow.context, alice, pool="lab")
    slow.driver.show_progress(await _row(slow), Progress(FETCHES, 0.4))
    await _passes(slow, 1)
    other = await slow.reborn()
    assert (await _step(other, alice, view)).fraction == 0.4
    other.driver.show_progress(await _row(other), Progress(FETCHES, 0.9))
    await _passes(other, 1)
    assert [line.sentence for line in await _lines(other)] == ["The image lab:1 is being fetched: 90 %."]
    await other.aclose()


async def test_once_it_runs_nothing_of_it_is_shown(slow: Rig) -> None:
    alice = await slow.person("alice")
    view = await service.claim(slow.context, alice, pool="lab")
    slow.driver.show_progress(await _row(slow), Progress(FETCHES, 0.4))
    await _passes(slow, 1)
    slow.driver.arrive(await _row(slow))
    slow.world.is_slow = False
    await slow.settle(10)
    found = await service.get(slow.context, alice, view.claim.id)
    assert found.is_settled
    assert not [step for step in found.outlook.steps if step.fraction is not None or "fetched" in step.note]


async def test_what_came_up_while_the_control_plane_was_away_is_not_shown_as_being_fetched(
    slow: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def still_coming_up(*_: object) -> bool:
        return False

    monkeypatch.setattr(MemoryDriver, "vouches", still_coming_up)
    alice = await slow.person("alice")
    view = await service.claim(slow.context, alice, pool="lab")
    slow.driver.show_progress(await _row(slow), Progress(FETCHES, 1.0))
    await _passes(slow, 1)
    slow.driver.arrive(await _row(slow))
    other = await slow.reborn()
    await _passes(other, 1)
    step = await _step(other, alice, view)
    assert (step.note, step.fraction) == ("It runs now; its app is coming up.", None)
    assert len(await _lines(other)) == 1
    await other.aclose()
