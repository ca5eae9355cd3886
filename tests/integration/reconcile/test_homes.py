"""A person's files on their way: into a warm workspace, out of it before it ends, and into the next one; never into two."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from carrel.domain.actor import Person
from carrel.domain.claim import ClaimState
from carrel.domain.errors import Conflict, Exhausted, Invalid
from carrel.domain.home import Home
from carrel.domain.ids import ClaimId, HomeId, PoolName, WorkspaceId
from carrel.domain.template import HomeKind
from carrel.domain.workspace import Phase, Workspace
from carrel.mint import new_id
from carrel.ports.driver import Driver, DriverUnavailable, Rejected
from carrel.rules.home_wording import COMING_OUT, OUT
from carrel.rules.recipe import versioned
from carrel.services import claims as service
from carrel.services import failures
from carrel.services.claims import ClaimView
from carrel.store import claims, events, homes, pools, templates, workspaces

from .rig import TEMPLATE, Rig, a_pool, rig


@pytest.fixture
async def small(tmp_path: Path) -> AsyncIterator[Rig]:
    made = await rig(tmp_path, a_pool(warm=2, limit=5, per_user=3))
    await made.settle()
    yield made
    await made.aclose()


async def _works(small: Rig, person: Person, name: str = "default", home: str | None = None) -> Workspace:
    """Claimed, handed over, and something saved in it."""
    view = await service.claim(small.context, person, pool="lab", name=name, home=home)
    await small.settle(10)
    row = await _row(small, view)
    assert row.attached_at is not None
    small.driver.files_of(row.id)[f"{name}.ipynb"] = b"work"
    return row


async def _row(small: Rig, view: ClaimView) -> Workspace:
    row = await small.store.read(workspaces.of_claim, view.claim.id)
    assert row is not None
    return row


async def _homes(small: Rig, person: Person) -> dict[str, Home]:
    return {home.name: home for home in await small.store.read(homes.of_user, person.user_id)}


async def _release(small: Rig, person: Person, row: Workspace) -> None:
    assert row.claim_id is not None
    await service.release(small.context, person, row.claim_id)


async def _told(small: Rig, row: Workspace) -> list[tuple[str, str]]:
    return [(line.kind, line.sentence) for line in await small.store.read(events.of_workspace, row.id)]


async def test_a_second_claim_gets_a_workspace_that_was_warm_with_yesterdays_file_in_it(small: Rig) -> None:
    alice = await small.person("alice")
    first = await _works(small, alice)
    await _release(small, alice, first)
    await small.settle(10)
    warm = {row.id for row in await small.store.read(workspaces.of_pool, small.pool.name) if row.is_warm}
    view = await service.claim(small.context, alice, pool="lab")
    assert view.is_settled
    assert view.workspace is not None
    assert view.workspace.id in warm
    assert small.driver.files_of(view.workspace.id) == {"default.ipynb": b"work"}


async def test_files_that_are_still_coming_out_are_waited_for_and_the_person_is_told(small: Rig) -> None:
    alice = await small.person("alice")
    first = await _works(small, alice)
    await _release(small, alice, first)
    view = await service.claim(small.context, alice, pool="lab")
    assert view.claim.state is ClaimState.HELD
    assert not view.is_settled
    lines = await small.store.read(events.of_claim, view.claim.id)
    assert (lines[-1].kind, lines[-1].sentence) == ("delayed", COMING_OUT)
    assert await small.store.read(failures.about, view.claim) is None, (
        "nothing is wrong, and no administrator is needed"
    )
    assert (await _row(small, view)).phase is Phase.READY
    await small.settle(10)
    row = await _row(small, view)
    assert row.attached_at is not None
    assert small.driver.files_of(row.id) == {"default.ipynb": b"work"}
    assert sum(line.kind == "delayed" for line in await small.store.read(events.of_claim, view.claim.id)) == 1


async def test_the_timeline_says_when_the_files_were_out_and_that_is_before_it_is_gone(small: Rig) -> None:
    alice = await small.person("alice")
    first = await _works(small, alice)
    await _release(small, alice, first)
    await small.settle(10)
    told = await _told(small, first)
    assert [line for line in told if line[0] in ("detached", "gone")] == [
        ("detached", OUT),
        ("gone", "It is gone; this history stays."),
    ]


async def test_files_that_cannot_be_taken_out_stay_in_and_are_tried_again(
    small: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    detach, tries = small.driver.detach, 0

    async def stuck(workspace_id: WorkspaceId) -> None:
        nonlocal tries
        tries += 1
        raise DriverUnavailable("The disk does not let go.")

    alice = await small.person("alice")
    first = await _works(small, alice)
    monkeypatch.setattr(small.driver, "detach", stuck)
    await _release(small, alice, first)
    view = await service.claim(small.context, alice, pool="lab")
    await small.settle(20)
    assert (await _homes(small, alice))["default"].workspace_id == first.id
    assert (await _row(small, view)).attached_at is None
    assert first.id in {one.workspace_id for one in await small.driver.list()}, "removed with files in it"
    assert 2 <= tries <= 8
    monkeypatch.setattr(small.driver, "detach", detach)
    await small.settle(60)
    row = await _row(small, view)
    assert row.attached_at is not None
    assert small.driver.files_of(row.id) == {"default.ipynb": b"work"}


async def test_a_workspace_that_crashes_with_files_in_it_lets_them_out_too(small: Rig) -> None:
    alice = await small.person("alice")
    first = await _works(small, alice)
    small.driver.crash(first.id, "It ran out of memory.")
    await small.settle(10)
    assert (await _homes(small, alice))["default"].workspace_id is None
    again = await _works(small, alice)
    assert small.driver.files_of(again.id) == {"default.ipynb": b"work"}


async def test_a_workspace_into_which_nothing_can_be_brought_gives_the_files_to_the_next(
    small: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    attach, refused = small.driver.attach, set[WorkspaceId]()

    async def once(workspace_id: WorkspaceId, home_id: HomeId) -> None:
        if not refused:
            refused.add(workspace_id)
            raise Rejected("It takes no home.")
        await attach(workspace_id, home_id)

    monkeypatch.setattr(small.driver, "attach", once)
    alice = await small.person("alice")
    row = await _works(small, alice)
    assert row.id not in refused
    assert (await _homes(small, alice))["default"].workspace_id == row.id


async def test_a_driver_that_only_destroys_lets_the_files_out_by_it(small: Rig) -> None:
    small.loop.apply.driver = cast("Driver", _CannotDetach(small.driver))
    alice = await small.person("alice")
    first = await _works(small, alice)
    await _release(small, alice, first)
    await small.settle(10)
    assert ("detached", OUT) in await _told(small, first)
    assert (await _homes(small, alice))["default"].workspace_id is None
    again = await _works(small, alice)
    assert "default.ipynb" in small.driver.files_of(again.id)


class _CannotDetach:
    def __init__(self, driver: object) -> None:
        for verb in ("create", "destroy", "list", "aclose", "attach"):
            setattr(self, verb, getattr(driver, verb))


# Which home goes with which claim


async def test_files_that_another_claim_has_do_not_come_along(small: Rig) -> None:
    alice = await small.person("alice")
    await small.store.write(pools.put, replace(small.pool, name=PoolName("other")), small.clock.now())
    await _works(small, alice)
    with pytest.raises(
        Conflict, match=r'The files "default" are in what you have in pool "lab"\. Give that back first'
    ):
        await service.claim(small.context, alice, pool="other")
    with pytest.raises(Conflict, match="name another home"):
        await service.claim(small.context, alice, pool="lab", name="second", home="default")
    with_others = await service.claim(small.context, alice, pool="other", home="thesis")
    assert with_others.claim.home_id == (await _homes(small, alice))["thesis"].id
    with pytest.raises(Conflict, match=r'"thesis" are promised to what you wait for in pool "other"'):
        await service.claim(small.context, alice, pool="lab", name="third", home="thesis")
    assert sorted(await _homes(small, alice)) == ["default", "thesis"]


async def test_what_was_given_back_a_moment_ago_lets_its_files_go_with_the_next(small: Rig) -> None:
    alice = await small.person("alice")
    first = await _works(small, alice)
    assert first.claim_id is not None
    await small.store.write(
        claims.give_back, first.claim_id, small.clock.now().replace(year=2027), small.clock.now()
    )
    again = await _works(small, alice, "second", "default")
    assert "default.ipynb" in small.driver.files_of(again.id)
    ended = await small.store.read(workspaces.get, first.id)
    assert ended is not None
    assert not ended.is_live


async def test_each_claim_brings_along_the_files_called_like_it(small: Rig) -> None:
    alice = await small.person("alice")
    one, other = await _works(small, alice), await _works(small, alice, "course")
    assert set(small.driver.files_of(one.id)) == {"default.ipynb"}
    assert set(small.driver.files_of(other.id)) == {"course.ipynb"}
    assert sorted(await _homes(small, alice)) == ["course", "default"]


async def test_asking_again_is_harmless_and_makes_no_other_home(small: Rig) -> None:
    alice = await small.person("alice")
    first = await _works(small, alice, home="thesis")
    again = await service.claim(small.context, alice, pool="lab")
    assert again.workspace is not None
    assert again.workspace.id == first.id
    same = await service.claim(small.context, alice, pool="lab", home="thesis")
    assert same.claim.id == again.claim.id
    assert list(await _homes(small, alice)) == ["thesis"]


async def test_asking_again_with_other_files_says_which_are_in_it(small: Rig) -> None:
    alice = await small.person("alice")
    await _works(small, alice, home="thesis")
    with pytest.raises(Conflict, match='with the files "thesis"'):
        await service.claim(small.context, alice, pool="lab", home="other")


async def test_a_deleted_home_is_not_taken_and_its_name_makes_a_new_one(small: Rig) -> None:
    alice = await small.person("alice")
    first = await _works(small, alice)
    home = (await _homes(small, alice))["default"]
    assert await small.store.write(homes.delete, home.id, small.clock.now()) is None, "deleted while in use"
    await _release(small, alice, first)
    await small.settle(10)
    assert await small.store.write(homes.delete, home.id, small.clock.now()) is not None
    again = await _works(small, alice)
    assert again.home_id != home.id
    assert set(small.driver.files_of(again.id)) == {"default.ipynb"}


async def test_files_at_another_place_are_not_promised(small: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    alice = await small.person("alice")
    first = await _works(small, alice)
    await _release(small, alice, first)
    await small.settle(10)
    monkeypatch.setattr(type(small.driver), "home_place", property(lambda _: "elsewhere"))
    with pytest.raises(Conflict, match='at a place that pool "lab" does not reach'):
        await service.claim(small.context, alice, pool="lab")


async def test_names_and_numbers_of_homes_are_bounded(small: Rig) -> None:
    alice = await small.person("alice")
    with pytest.raises(Invalid, match="A home's name"):
        await service.claim(small.context, alice, pool="lab", home="../etc")
    few = replace(small.context, homes_per_person=1)
    await service.claim(few, alice, pool="lab")
    with pytest.raises(Exhausted, match="all one person may have"):
        await service.claim(few, alice, pool="lab", name="second")
    assert list(await _homes(small, alice)) == ["default"]


@pytest.mark.parametrize("kind", [HomeKind.EPHEMERAL, HomeKind.NONE])
async def test_a_template_that_keeps_no_files_makes_no_home_and_takes_none(
    small: Rig, kind: HomeKind
) -> None:
    keeps_none = versioned(replace(TEMPLATE, home=kind))
    await small.store.write(templates.put, keeps_none, small.clock.now())
    await small.settle(40)
    alice = await small.person("alice")
    views = [
        await service.claim(small.context, alice, pool="lab", name=name, home="default")
        for name in ("one", "other")
    ]
    await small.settle(10)
    for view in views:
        row = await _row(small, view)
        assert row.attached_at is not None
        assert (row.home_id, view.claim.home_id, small.driver.home_of(row.id)) == (None, None, None)
    assert await _homes(small, alice) == {}


async def test_a_template_that_keeps_files_since_the_claim_brings_them(small: Rig) -> None:
    keeps_none = versioned(replace(TEMPLATE, home=HomeKind.NONE))
    warm = [row for row in await small.store.read(workspaces.of_pool, small.pool.name) if row.is_warm]
    assert len(warm) == 2
    await small.store.write(templates.put, keeps_none, small.clock.now())
    alice = await small.person("alice")
    view = await service.claim(small.context, alice, pool="lab")
    assert view.workspace is not None
    assert view.workspace.home_id == (await _homes(small, alice))["default"].id
    assert view.claim.home_id == view.workspace.home_id


async def test_a_claim_that_names_no_home_yet_waits_for_one_that_another_has_and_says_so(small: Rig) -> None:
    """As one that an older version of us made."""
    alice = await small.person("alice")
    first = await _works(small, alice, "first", "second")
    taken = await small.store.write(
        claims.take,
        claim_id=ClaimId(new_id()),
        user_id=alice.user_id,
        pool=small.pool,
        name="second",
        now=small.clock.now(),
    )
    await small.settle(5)
    told = [line.sentence for line in await small.store.read(events.of_claim, taken.claim.id)]
    assert 'The files "second" are in what you have in pool "lab"' in told[-1]
    await _release(small, alice, first)
    await small.settle(60)
    row = await small.store.read(workspaces.of_claim, taken.claim.id)
    assert row is not None
    assert row.attached_at is not None
    assert set(small.driver.files_of(row.id)) == {"first.ipynb"}
