"""What is delivered and prepared between a claim and going in: by whom, in which order, and what becomes of it when something fails."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from carrel.domain.account import User
from carrel.domain.actor import Person, Role
from carrel.domain.claim import Claim, ClaimState
from carrel.domain.errors import Unavailable
from carrel.domain.event import Event
from carrel.domain.ids import SessionId
from carrel.domain.parameter import Choice
from carrel.domain.preparation import Repository, Startup
from carrel.drivers.memory import Kept
from carrel.mint import new_id
from carrel.ports.driver import DriverUnavailable, Ran
from carrel.services import claims, giving_back, preparing, variables
from carrel.services.claims import ClaimView
from carrel.services.handover import hand_over
from carrel.store import claims as claim_rows
from carrel.store import events, templates, users, workspaces

House = Any
NOW = Startup(("make", "ready"), retries=2, backoff=timedelta(0))
SECRET = "a value of hers alone"


@pytest.fixture
async def ada(house: House) -> Person:
    user: User = await house.person("ada")
    await house.context.store.write(users.set_email, user.id, "ada@example.org")
    person = Person(user.id, "ada", Role.USER, SessionId(new_id()))
    await variables.put(house.context, person, "API_KEY", SECRET)
    return person


async def offer(house: House, **more: Any) -> None:
    house.recipe = replace(house.recipe, version="2", **more)
    await house.context.store.write(templates.put, house.recipe, house.context.clock.now())
    await house.pool()
    await house.warm(count=2)


def answers(house: House, *codes: int, printed: str = "") -> list[tuple[str, ...]]:
    """How commands end, one after the other, the last one for ever. Which were asked."""
    asked: list[tuple[str, ...]] = []

    async def answer(kept: Kept, command: tuple[str, ...]) -> Ran:
        asked.append(command)
        return Ran(codes[min(len(asked), len(codes)) - 1], printed)

    house.driver.world.answer = answer
    return asked


async def told(house: House, view: ClaimView) -> list[Event]:
    assert view.workspace is not None
    found: Sequence[Event] = await house.context.store.read(events.of_workspace, view.workspace.id)
    return [event for event in found if event.kind in ("preparing", "prepared", "unprepared", "attached")]


async def handed_over(house: House, view: ClaimView) -> ClaimView:
    """As the reconciler does it."""
    await hand_over(house.context, view.claim)
    found: ClaimView = await claims.get(house.context, await holder(house, view), view.claim.id)
    return found


async def holder(house: House, view: ClaimView) -> Person:
    return Person(view.claim.user_id, "ada", Role.USER, SessionId(new_id()))


async def test_what_is_hers_is_there_when_the_request_is_answered(house: House, ada: Person) -> None:
    size = Choice("size", ("small", "large"), "small")
    await offer(house, parameters=(size,), claim_environment={"WHO": "{user}"})
    view = await claims.claim(house.context, ada, pool="lab", parameters={"size": "large"})
    assert view.workspace is not None
    assert view.workspace.attached_at is not None
    delivered = house.driver.person_in(view.workspace.id)
    assert delivered.environment["API_KEY"] == SECRET
    assert delivered.environment["WHO"] == "ada"
    assert delivered.environment["CARREL_PARAMETER_SIZE"] == "large"
    assert 'email = "ada@example.org"' in delivered.files["gitconfig"]
    [other] = [kept for each, kept in _instances(house).items() if each != view.workspace.id]
    assert not other.delivered.environment


async def test_a_template_that_prepares_is_not_waited_for_by_the_request(house: House, ada: Person) -> None:
    asked = answers(house, 0)
    await offer(house, repository=Repository("https://example.org/c.git", "c"), startup=NOW)
    view = await claims.claim(house.context, ada, pool="lab")
    assert view.claim.state is ClaimState.HELD
    assert view.workspace is not None
    assert view.workspace.attached_at is None
    assert asked == []
    after = await handed_over(house, view)
    assert after.workspace is not None
    assert after.workspace.attached_at is not None
    assert [command[0] for command in asked] == ["sh", "make"]
    assert [event.kind for event in await told(house, view)] == [
        "preparing",
        "preparing",
        "prepared",
        "attached",
    ]


async def test_what_was_delivered_is_there_before_anything_is_prepared(house: House, ada: Person) -> None:
    seen: list[dict[str, str]] = []

    async def answer(kept: Kept, command: tuple[str, ...]) -> Ran:
        seen.append(dict(kept.delivered.environment))
        assert kept.home_id is not None
        return Ran(0, "")

    house.driver.world.answer = answer
    await offer(house, startup=NOW)
    await handed_over(house, await claims.claim(house.context, ada, pool="lab"))
    assert [each["API_KEY"] for each in seen] == [SECRET]


async def test_what_fails_after_all_tries_keeps_nobody_out_and_is_told_without_secrets(
    house: House, ada: Person
) -> None:
    asked = answers(house, 1, printed=f"key is {SECRET}\nno network\n")
    await offer(house, startup=NOW)
    view = await handed_over(house, await claims.claim(house.context, ada, pool="lab"))
    assert view.workspace is not None
    assert view.workspace.attached_at is not None
    assert len(asked) == 3
    [failed] = [event for event in await told(house, view) if event.kind == "unprepared"]
    assert failed.sentence.split("\n") == [
        "The start-up script failed 3 times: it ended with exit status 1.",
        "key is …",
        "no network",
    ]
    page = await (await house.browser(house.people["ada"])).get(
        f"/hub/workspaces/{view.workspace.id}", headers={"Accept": "text/html"}
    )
    assert "The start-up script failed 3 times" in page.text
    assert "no network" in page.text
    assert SECRET not in page.text


async def test_a_try_that_works_after_one_that_did_not_is_enough(house: House, ada: Person) -> None:
    asked = answers(house, 1, 0)
    await offer(house, startup=NOW)
    view = await handed_over(house, await claims.claim(house.context, ada, pool="lab"))
    assert len(asked) == 2
    assert [event.kind for event in await told(house, view)] == ["preparing", "prepared", "attached"]


async def _released(house: House, ada: Person, view: ClaimView) -> None:
    await claims.release(house.context, ada, view.claim.id)


async def _given_back_some_time_ago(house: House, ada: Person, view: ClaimView) -> None:
    """What gives it back on a page, once it can be undone no more: no step of the reconciler ends it meanwhile."""
    now = house.context.clock.now()
    assert await house.context.store.write(claim_rows.give_back, view.claim.id, now, now)


@pytest.mark.parametrize("given_up", [_released, _given_back_some_time_ago])
async def test_giving_back_ends_what_is_being_prepared(
    house: House, ada: Person, given_up: Callable[[House, Person, ClaimView], Awaitable[None]]
) -> None:
    ended = asyncio.Event()
    handing, view = await _being_prepared(house, ada, ended)
    async with asyncio.timeout(20):
        await given_up(house, ada, view)
        await handing
    assert ended.is_set()
    row = await house.context.store.read(workspaces.get, view.claim.workspace_id)
    assert row.attached_at is None


async def test_more_time_given_meanwhile_is_kept_and_nothing_is_prepared_twice(
    house: House, ada: Person
) -> None:
    until = house.context.clock.now() + timedelta(hours=40)

    async def answer(kept: Kept, command: tuple[str, ...]) -> Ran:
        await house.context.store.write(workspaces.extend, view.claim.workspace_id, until)
        return Ran(0, "")

    house.driver.world.answer = answer
    await offer(house, startup=NOW)
    view = await claims.claim(house.context, ada, pool="lab")
    after = await handed_over(house, view)
    assert after.workspace is not None
    assert after.workspace.attached_at is not None
    assert after.workspace.stops_at == until


async def test_what_may_still_be_had_back_goes_on_being_prepared(house: House, ada: Person) -> None:
    handing, view = await _being_prepared(house, ada, asyncio.Event())
    await giving_back.give_back(house.context, ada, view.claim.id)
    done, _ = await asyncio.wait({handing}, timeout=0.3)
    handing.cancel()
    await asyncio.gather(handing, return_exceptions=True)
    assert not done


async def test_a_store_that_is_away_is_no_giving_back(
    house: House, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> bool:
        raise Unavailable("The store is away.")

    monkeypatch.setattr(preparing, "_is_held", away)
    handing, _ = await _being_prepared(house, ada, asyncio.Event())
    async with asyncio.timeout(20):
        with pytest.raises(Unavailable):
            await handing


async def _being_prepared(
    house: House, ada: Person, ended: asyncio.Event
) -> tuple["asyncio.Task[Claim]", ClaimView]:
    begun = asyncio.Event()

    async def answer(kept: Kept, command: tuple[str, ...]) -> Ran:
        begun.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()
        return Ran(0, "")

    house.driver.world.answer = answer
    await offer(house, startup=NOW)
    view = await claims.claim(house.context, ada, pool="lab")
    handing = asyncio.create_task(hand_over(house.context, view.claim))
    async with asyncio.timeout(20):
        begins = asyncio.create_task(begun.wait())
        await asyncio.wait({handing, begins}, return_when=asyncio.FIRST_COMPLETED)
        begins.cancel()
    return handing, view


async def test_after_a_crash_of_ours_it_is_begun_again_and_told_once(house: House, ada: Person) -> None:
    async def never(kept: Kept, command: tuple[str, ...]) -> Ran:
        await asyncio.sleep(60)
        return Ran(0, "")

    house.driver.world.answer = never
    await offer(house, startup=NOW)
    view = await claims.claim(house.context, ada, pool="lab")
    first = asyncio.create_task(hand_over(house.context, view.claim))
    async with asyncio.timeout(20):
        while not house.driver.ran_in(view.claim.workspace_id):
            await asyncio.sleep(0.01)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    answers(house, 0)
    await handed_over(house, view)
    assert [event.kind for event in await told(house, view)] == ["preparing", "prepared", "attached"]


async def test_a_backend_that_is_away_while_it_is_prepared_is_no_failed_try(
    house: House, ada: Person
) -> None:
    async def away(kept: Kept, command: tuple[str, ...]) -> Ran:
        raise DriverUnavailable("It is away.")

    house.driver.world.answer = away
    await offer(house, startup=NOW)
    view = await claims.claim(house.context, ada, pool="lab")
    with pytest.raises(DriverUnavailable):
        await hand_over(house.context, view.claim)
    answers(house, 0)
    after = await handed_over(house, view)
    assert after.workspace is not None
    assert after.workspace.attached_at is not None


async def test_a_shared_folder_that_is_not_there_is_told_and_keeps_nobody_waiting(
    house: House, ada: Person
) -> None:
    answers(house, 0, printed="books\n")
    await offer(house, data={"data": "/srv/data", "books": "/srv/books"})
    view = await claims.claim(house.context, ada, pool="lab")
    assert view.workspace is not None
    assert view.workspace.attached_at is not None
    [missing, _] = await told(house, view)
    assert "/srv/books (books)" in missing.sentence
    assert "/srv/data" not in missing.sentence


def _instances(house: House) -> dict[Any, Kept]:
    [instances] = house.driver.world.instances.values()
    found: dict[Any, Kept] = instances
    return found
