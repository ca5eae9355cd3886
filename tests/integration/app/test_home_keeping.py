"""What is done about homes that nobody asks about: deleted ones go, the others are measured."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.integration.reconcile.rig import Rig, a_pool, rig

from carrel.domain.actor import Person
from carrel.domain.errors import NotFound
from carrel.domain.home import Home
from carrel.domain.ids import HomeId
from carrel.ports.driver import DriverUnavailable
from carrel.services import claims as claim_service
from carrel.services import home_keeping, homes
from carrel.services.home_keeping import HomeKeeper
from carrel.store import audit
from carrel.store import homes as rows

KEPT = timedelta(days=14)


class Killed(BaseException):
    """What kill -9 looks like from inside."""


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Rig]:
    made = await rig(tmp_path, a_pool(warm=1, limit=4, per_user=4))
    await made.settle()
    yield made
    await made.aclose()


async def used(lab: Rig, person: Person, name: str, content: bytes = b"12345") -> HomeId:
    """A home that was in a workspace, in which something was saved."""
    view = await claim_service.claim(lab.context, person, pool="lab", name=name)
    await lab.settle()
    found = await lab.store.read(rows.named, person.user_id, name)
    assert found is not None
    lab.world.homes[found.id]["notes.txt"] = content
    await claim_service.release(lab.context, person, view.claim.id)
    await lab.settle()
    return found.id


async def row(lab: Rig, home_id: HomeId) -> Home:
    found = await lab.store.read(rows.get, home_id)
    assert found is not None
    return found


async def test_files_of_a_deleted_home_go_when_its_time_is_over_and_not_before(lab: Rig) -> None:
    ann = await lab.person("ann")
    home_id = await used(lab, ann, "thesis")
    await homes.delete(lab.context, ann, home_id)
    keeper = HomeKeeper(lab.context)
    lab.clock.time += KEPT - timedelta(minutes=1)
    assert await keeper.remove_deleted() == 0
    assert lab.world.homes[home_id] == {"notes.txt": b"12345"}
    lab.clock.time += timedelta(minutes=2)
    await keeper.remove_deleted()
    assert home_id not in lab.world.homes
    assert await homes.page(lab.context, ann) == []
    with pytest.raises(NotFound):
        await homes.restore(lab.context, ann, home_id)


async def test_the_row_goes_too_and_is_audited_where_no_workspace_names_it(lab: Rig) -> None:
    ann = await lab.person("ann")
    made = (await homes.create(lab.context, ann, "unused")).home
    await homes.delete(lab.context, ann, made.id)
    lab.clock.time += KEPT
    assert await HomeKeeper(lab.context).remove_deleted() == 1
    assert await lab.store.read(rows.get, made.id) is None
    [entry] = (await lab.store.read(audit.page, action="remove_home")).items
    assert (entry.target, "unused" in entry.detail) == (f"home:{made.id}", True)


@pytest.mark.parametrize("after", [False, True], ids=["before it is done", "after it is done"])
@pytest.mark.parametrize("step", range(3))
async def test_a_removal_that_was_killed_is_finished(lab: Rig, step: int, *, after: bool) -> None:
    ann = await lab.person("ann")
    home_id = await used(lab, ann, "thesis")
    await homes.delete(lab.context, ann, home_id)
    lab.clock.time += KEPT
    steps = 0

    async def through(work: Any) -> Any:
        nonlocal steps
        steps += 1
        if steps == step + 1 and not after:
            raise Killed
        done = await work()
        if steps == step + 1:
            raise Killed
        return done

    class Dying:
        """The driver and the store of a process that dies at this step."""

        home_place = lab.driver.home_place
        measure_home = lab.driver.measure_home
        archive_home = lab.driver.archive_home
        read = staticmethod(lab.store.read)

        async def remove_home(self, of: HomeId) -> None:
            await through(lambda: lab.driver.remove_home(of))

        async def write(self, *given: Any) -> Any:
            return await through(lambda: lab.store.write(*given))

    dying = Dying()
    ctx = replace(lab.context, store=dying, drivers={"memory": dying})  # type: ignore[arg-type]
    with pytest.raises(Killed):
        await HomeKeeper(ctx).remove_deleted()
    began = (await row(lab, home_id)).name.startswith("~")
    assert began is (step > 0 or after)
    if not began:
        assert home_id in lab.world.homes  # whoever has it back now has all of it
    await HomeKeeper(lab.context).remove_deleted()
    assert home_id not in lab.world.homes
    assert (await row(lab, home_id)).place is None


@pytest.mark.parametrize(
    "error", [DriverUnavailable("Something is mounted below it."), OSError("nobody thought of that")]
)
async def test_a_home_that_cannot_be_removed_now_holds_up_no_other(
    lab: Rig, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    ann = await lab.person("ann")
    stuck, free = await used(lab, ann, "stuck"), await used(lab, ann, "free")
    for home_id in (stuck, free):
        await homes.delete(lab.context, ann, home_id)
    lab.clock.time += KEPT
    remove, tries = lab.driver.remove_home, 0

    async def refusing(home_id: HomeId) -> None:
        nonlocal tries
        if home_id == stuck:
            tries += 1
            raise error
        await remove(home_id)

    monkeypatch.setattr(lab.driver, "remove_home", refusing)
    keeper = HomeKeeper(lab.context)
    for _ in range(3):
        await keeper.remove_deleted()
    assert (tries, free in lab.world.homes, stuck in lab.world.homes) == (1, False, True)
    lab.clock.time += home_keeping.AGAIN_AFTER + timedelta(seconds=1)
    await keeper.remove_deleted()
    assert tries == 2


async def test_files_of_a_backend_that_is_not_in_use_are_left_until_it_is(lab: Rig) -> None:
    ann = await lab.person("ann")
    home_id = await used(lab, ann, "thesis")
    await homes.delete(lab.context, ann, home_id)
    lab.clock.time += KEPT
    await HomeKeeper(replace(lab.context, drivers={})).remove_deleted()
    assert (home_id in lab.world.homes, (await row(lab, home_id)).name.startswith("~")) == (True, False)
    await HomeKeeper(lab.context).remove_deleted()
    assert home_id not in lab.world.homes


async def test_a_home_is_measured_once_it_is_out_and_again_after_a_day(lab: Rig) -> None:
    ann = await lab.person("ann")
    home_id = await used(lab, ann, "thesis")
    keeper = HomeKeeper(lab.context)
    assert await keeper.measure() == 1
    assert (await row(lab, home_id)).size_bytes == 5
    assert await keeper.measure() == 0
    lab.world.homes[home_id]["more.txt"] = bytes(1000)
    lab.clock.time += home_keeping.MEASURED_EVERY + timedelta(seconds=1)
    assert await keeper.measure() == 1
    assert (await row(lab, home_id)).size_bytes == 1005
    await used(lab, ann, "thesis", b"")
    assert await keeper.measure() == 1
    assert (await row(lab, home_id)).size_bytes == 1000


async def test_a_huge_home_holds_up_no_other(lab: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    ann = await lab.person("ann")
    sizes = {await used(lab, ann, name): bytes(size) for name, size in (("a", 7), ("b", 8), ("c", 9))}
    huge = min(sizes)
    measure, tries = lab.driver.measure_home, 0

    async def slow(home_id: HomeId) -> int:
        nonlocal tries
        if home_id == huge:
            tries += 1
            await asyncio.Event().wait()
        return await measure(home_id)

    monkeypatch.setattr(lab.driver, "measure_home", slow)
    monkeypatch.setattr(home_keeping, "MEASURES_WITHIN", 0.05)
    keeper = HomeKeeper(lab.context)
    assert await keeper.measure() == 2
    assert await keeper.measure() == 0
    assert tries == 1
    assert (await row(lab, huge)).size_bytes is None


async def test_whoever_outgrows_what_is_meant_is_told_once_and_while_it_is_so(lab: Rig) -> None:
    ann = await lab.person("ann")
    home_id = await used(lab, ann, "thesis", bytes(800))
    context = replace(lab.context, home_size_warning=1000)
    keeper = HomeKeeper(context)

    async def measured(size: int) -> tuple[str | None, list[str]]:
        lab.world.homes[home_id]["notes.txt"] = bytes(size)
        lab.clock.time += home_keeping.MEASURED_EVERY + timedelta(seconds=1)
        assert await keeper.measure() == 1
        [view] = await homes.page(context, ann)
        return view.size_warning, [event.kind for event in view.told]

    assert await measured(800) == (None, [])
    warned, told = await measured(2048)
    assert warned is not None
    assert warned.startswith("It takes up 2.0 KiB, more than the 1000B that are meant")
    assert told == ["outgrown"]
    lab.world.homes[home_id]["more.txt"] = bytes(10)
    assert (await measured(2049))[1] == ["outgrown"]
    assert await measured(10) == (None, ["outgrown"])
    entries = (await lab.store.read(audit.page)).items
    assert [entry.target for entry in entries if entry.action == "warn_home_size"] == [f"home:{home_id}"]
    assert (await homes.page(lab.context, ann))[0].size_warning is None
