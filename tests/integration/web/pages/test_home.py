"""The first page: what one has and may do with it, what there is to open and how soon, what ended, what to do first."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from carrel.domain.account import User
from carrel.domain.actor import Role, System
from carrel.domain.claim import ClaimState
from carrel.domain.ids import ClaimId
from carrel.domain.workspace import Workspace
from carrel.services import claims as service
from carrel.services.claims import ClaimView
from carrel.store import claims, pools, templates, workspaces

from .asking import acting, forms, read, submit, words

House = Any
HOME = "/hub/"


@pytest.fixture
async def ada(house: House) -> User:
    found: User = await house.person("ada")
    return found


@pytest.fixture
async def browser(house: House, ada: User) -> httpx.AsyncClient:
    client: httpx.AsyncClient = await house.browser(ada)
    return client


async def _held(house: House, ada: User, name: str = "default", pool: str = "lab") -> ClaimView:
    await house.warm(pool)
    return await service.claim(house.context, acting(ada), pool=pool, name=name)


async def _row(house: House, view: ClaimView) -> Workspace:
    found = await house.context.store.read(workspaces.of_claim, view.claim.id)
    assert found is not None
    return found


async def _ends_in(house: House, view: ClaimView, left: timedelta) -> None:
    row, at = await _row(house, view), house.context.clock.now() + left
    await house.context.store.write(workspaces.extend, row.id, at)


async def test_what_one_holds_comes_first_with_its_end_and_a_way_in(
    house: House, ada: User, browser: httpx.AsyncClient
) -> None:
    await house.pool()
    view = await _held(house, ada)
    row = await _row(house, view)
    page = await read(browser, HOME)
    assert f'href="{house.context.addresses.workspace_page(row.id, "lab")}"' in page
    assert page.index('id="yours"') < page.index('id="offers"')
    told = words(page)
    assert "Stops at" in told
    assert "unless somebody goes in before" in told
    await house.context.store.write(workspaces.entered, row.id, house.context.clock.now())
    assert "unless it is used before" in words(await read(browser, HOME))
    await _ends_in(house, view, timedelta(minutes=9))
    assert "the time it was extended to" in words(await read(browser, HOME))


async def test_it_says_what_it_cost_where_there_is_a_price(
    house: House, ada: User, browser: httpx.AsyncClient
) -> None:
    house.recipe = replace(house.recipe, price_per_hour=0.5, version="2")
    await house.context.store.write(templates.put, house.recipe, house.context.clock.now())
    await house.pool()
    assert "0.50 per hour" in words(await read(browser, HOME))
    await _held(house, ada)
    assert "So far" not in words(await read(browser, HOME)), (
        "the price of the workspace counts, and it had none"
    )


async def test_more_time_is_offered_within_the_policy_and_taken_with_one_press(
    house: House, ada: User, browser: httpx.AsyncClient
) -> None:
    await house.pool()
    view = await _held(house, ada)
    await _ends_in(house, view, timedelta(hours=9, minutes=30))
    row = await _row(house, view)
    page = await read(browser, HOME)
    assert [part for part in ("+1 h", "+2 h", "+2 h 30 min", "+4 h") if f">{part}<" in page] == [
        "+1 h",
        "+2 h",
        "+2 h 30 min",
    ]
    answer = await submit(browser, page, f"/hub/workspaces/{row.id}/extend")
    assert answer.headers["location"] == "/hub/?done=extended"
    after = await _row(house, view)
    assert after.stops_at is not None
    assert row.stops_at is not None
    assert after.stops_at - row.stops_at == timedelta(hours=1)
    assert "It runs longer now." in words(await read(browser, "/hub/?done=extended"))


async def test_releasing_offers_to_undo_it_and_undoing_keeps_it(
    house: House, ada: User, browser: httpx.AsyncClient
) -> None:
    await house.pool()
    view = await _held(house, ada)
    release, undo = (f"/hub/claims/{view.claim.id}/{what}" for what in ("release", "undo"))
    answer = await submit(browser, await read(browser, HOME), release)
    assert answer.headers["location"] == HOME
    page = await read(browser, HOME)
    assert "It was given back and stops in a moment. Your files are kept." in words(page)
    assert "/hub/static/going.js" in page
    assert 'data-left="' in page
    assert forms(page).count("/hub/open/lab") == 1, "opening it again keeps it, too"
    answer = await submit(browser, page, undo)
    assert answer.headers["location"] == "/hub/?done=kept"
    page = await read(browser, "/hub/?done=kept")
    assert "It goes on. Nothing was stopped." in words(page)
    assert "going.js" not in page
    again = await service.get(house.context, System(), view.claim.id)
    assert (again.claim.state, again.claim.release_at) == (ClaimState.HELD, None)


async def test_undoing_too_late_says_what_to_do(house: House, ada: User, browser: httpx.AsyncClient) -> None:
    await house.pool()
    view = await _held(house, ada)
    await submit(browser, await read(browser, HOME), f"/hub/claims/{view.claim.id}/release")
    page = await read(browser, HOME)
    await service.release(house.context, System(), view.claim.id)
    answer = await submit(browser, page, f"/hub/claims/{view.claim.id}/undo")
    assert answer.status_code == 409
    assert "It was released already. Your files are kept; open it again." in words(answer.text)


async def test_a_restart_is_asked_for_twice_and_done_once(
    house: House, ada: User, browser: httpx.AsyncClient
) -> None:
    await house.pool()
    view = await _held(house, ada)
    row = await _row(house, view)
    page = await read(browser, HOME)
    assert "What runs in it ends" in words(page)
    answer = await submit(browser, page, f"/hub/workspaces/{row.id}/restart")
    assert answer.headers["location"] == "/hub/?done=restarted"
    assert (await _row(house, view)).phase.value == "starting"


async def test_whoever_waits_sees_how_far_it_is_and_may_leave(
    house: House, ada: User, browser: httpx.AsyncClient
) -> None:
    await house.pool()
    view = await service.claim(house.context, acting(ada), pool="lab")
    page = await read(browser, HOME)
    assert "1st in the queue" in words(page)
    assert f'href="/hub/claims/{view.claim.id}"' in page
    answer = await submit(browser, page, f"/hub/claims/{view.claim.id}/release")
    assert answer.headers["location"] == "/hub/?done=left"
    assert "You left the queue." in words(await read(browser, "/hub/?done=left"))


@pytest.mark.parametrize(
    ("policy", "warm", "others", "told"),
    [
        ({}, 2, 0, "Open now · 2 ready"),
        ({}, 0, 0, "Starts when you ask"),
        ({"paused": True}, 0, 0, "Paused"),
        ({"paused": True}, 1, 0, "Open now · 1 ready"),
        ({"limit": 1}, 1, 1, "Full: you would be next"),
        ({"limit": 1}, 1, 3, "Full: 2 waiting"),
        ({"limit": 0}, 0, 0, "Closed"),
    ],
)
async def test_a_pool_says_how_soon_one_is_in(
    house: House, browser: httpx.AsyncClient, *, policy: dict[str, Any], warm: int, others: int, told: str
) -> None:
    pool = replace(await house.pool(), **policy)
    await house.context.store.write(pools.put, pool, house.context.clock.now())
    await house.warm(count=warm)
    for number in range(others):
        await service.claim(house.context, acting(await house.person(f"p{number}")), pool="lab")
    page = await read(browser, HOME)
    assert told in words(page)
    assert "/hub/open/lab" in forms(page)


async def test_a_pool_one_has_something_of_leads_back_to_it(
    house: House, ada: User, browser: httpx.AsyncClient
) -> None:
    await house.pool()
    await _held(house, ada)
    page = await read(browser, HOME)
    assert "Go to it" in words(page)
    assert "/hub/open/lab" not in forms(page)


async def test_pools_of_the_same_title_are_told_apart(house: House, browser: httpx.AsyncClient) -> None:
    for name in ("morning", "evening"):
        await house.pool(name)
    told = words(await read(browser, HOME))
    assert told.count("JupyterLab") >= 2
    assert "morning" in told
    assert "evening" in told


async def test_thirty_pools_are_thirty_cards(house: House, browser: httpx.AsyncClient) -> None:
    for number in range(30):
        await house.pool(f"pool-{number}")
    page = await read(browser, HOME)
    assert len([address for address in forms(page) if address.startswith("/hub/open/")]) == 30
    assert len(page.encode()) < 50_000


async def test_what_ended_says_why_and_old_ends_hide_nothing_that_lives(
    house: House, ada: User, browser: httpx.AsyncClient
) -> None:
    await house.pool(limit=200, per_user=200)
    first = await _held(house, ada, "first")
    for number in range(60):
        taken = await house.context.store.write(
            claims.take,
            claim_id=ClaimId(f"c{number:015d}"),
            user_id=ada.id,
            pool=await house.pool(limit=200, per_user=200),
            name=f"n{number}",
            now=house.context.clock.now(),
        )
        await service.release(house.context, acting(ada), taken.claim.id)
    page = await read(browser, HOME)
    assert f"/hub/claims/{first.claim.id}/release" in forms(page)
    assert "Recently ended" in words(page)
    assert words(page).count("You left the queue.") == 5


async def test_without_a_pool_everybody_is_told_what_to_do(house: House, browser: httpx.AsyncClient) -> None:
    assert "Ask an administrator of this Carrel to add a pool." in words(await read(browser, HOME))
    root = await house.browser(await house.person("root", Role.ADMIN))
    assert "Name it in carrel.toml" in words(await read(root, HOME))


async def test_the_first_admin_is_shown_the_first_steps_until_somebody_joins(house: House) -> None:
    root = await house.browser(await house.person("root", Role.ADMIN))
    page = await read(root, HOME)
    for address in ("/hub/account", "/hub/admin/people", "/hub/admin/pools", "/hub/admin/doctor"):
        assert f'href="{address}"' in page.partition("First steps")[2]
    await house.person("ada")
    assert "First steps" not in await read(root, HOME)
