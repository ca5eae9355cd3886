"""The page of one's files, and the choice of them where something is opened."""

import re
from dataclasses import replace
from typing import Any

import httpx
import pytest

from carrel.domain.account import User
from carrel.domain.actor import Role
from carrel.domain.template import HomeKind
from carrel.services import claims, homes
from carrel.store import homes as rows
from carrel.store import templates

from .asking import NAVIGATION, acting, forms, read, submit, words
from .weighing import counted, weighed

House = Any
FILES = "/hub/homes"
MOST_BYTES = 50_000


@pytest.fixture
async def ada(house: House) -> User:
    await house.pool()
    found: User = await house.person("ada")
    return found


@pytest.fixture
async def browser(house: House, ada: User) -> httpx.AsyncClient:
    client: httpx.AsyncClient = await house.browser(ada)
    return client


async def made(house: House, ada: User, name: str) -> str:
    view = await homes.create(house.context, acting(ada), name)
    return view.home.id


async def followed(browser: httpx.AsyncClient, answer: httpx.Response) -> str:
    assert answer.status_code == 303, words(answer.text)
    return await read(browser, answer.headers["location"])


async def test_whoever_has_none_is_told_where_files_come_from(browser: httpx.AsyncClient) -> None:
    page = await read(browser, FILES)
    assert "You have no files yet" in words(page)
    assert forms(page)[-1] == FILES


async def test_each_home_says_its_size_its_last_use_and_where_it_is(
    house: House, ada: User, browser: httpx.AsyncClient
) -> None:
    await house.warm()
    spare = await made(house, ada, "spare")
    await house.context.store.write(rows.put_size, spare, 3 << 20, house.context.clock.now())
    view = await claims.claim(house.context, acting(ada), pool="lab")
    page = await read(browser, FILES)
    told = words(page)
    assert "3.0 MiB" in told
    assert "not measured yet" in told
    assert "put away" in told
    assert view.workspace is not None
    assert f'<a href="/hub/workspaces/{view.workspace.id}">in lab</a>' in page
    assert "Delete it and its files" in told
    assert page.count("/delete") == 1  # not of the one in use


async def test_a_home_is_made_and_named(house: House, ada: User, browser: httpx.AsyncClient) -> None:
    page = await followed(browser, await submit(browser, await read(browser, FILES), FILES, name="thesis"))
    assert "It is there, and empty." in words(page)
    [home] = await homes.page(house.context, acting(ada))
    answer = await submit(browser, page, f"{FILES}/{home.home.id}/rename", name="book")
    assert "It has that name now." in words(await followed(browser, answer))
    assert [one.name for one in await homes.page(house.context, acting(ada))] == ["book"]


@pytest.mark.parametrize(
    ("name", "status"), [("thesis", 409), ("My Thesis", 422), ("", 422), ("<b>", 422), ("x" * 500, 422)]
)
async def test_a_name_that_cannot_be_is_refused_in_words(
    house: House, ada: User, browser: httpx.AsyncClient, name: str, status: int
) -> None:
    await made(house, ada, "thesis")
    other = await made(house, ada, "other")
    page = await read(browser, FILES)
    for action in (FILES, f"{FILES}/{other}/rename"):
        answer = await submit(browser, page, action, name=name)
        assert answer.status_code == status
        assert 'role="alert"' in answer.text
        assert "<b>" not in answer.text


async def test_deleting_can_be_undone_at_once_and_for_some_days(
    house: House, ada: User, browser: httpx.AsyncClient
) -> None:
    home = await made(house, ada, "thesis")
    key = re.findall(r'name="form_key" value="([^"]+)"', await read(browser, FILES))[0]
    answer = await browser.post(f"{FILES}/{home}/delete", data={"form_key": key}, headers=NAVIGATION)
    page = await followed(browser, answer)
    assert "“thesis” is deleted. Its files are kept until" in words(page)
    assert "Undo" in words(page)
    back = await followed(browser, await submit(browser, page, f"{FILES}/{home}/restore"))
    assert "You have it back, with all files." in words(back)
    await homes.delete(house.context, acting(ada), home)
    later = await read(browser, FILES)
    assert "Restore" in words(later)
    assert "is deleted. Its files" not in words(later)


async def test_nobody_elses_deleted_home_is_named_by_an_address(
    house: House, browser: httpx.AsyncClient
) -> None:
    eve = await house.person("eve")
    home = await made(house, eve, "secret-plans")
    await homes.delete(house.context, acting(eve), home)
    assert "secret-plans" not in await read(browser, f"{FILES}?deleted={home}")


async def test_a_home_in_use_is_not_deleted_and_the_page_says_why(
    house: House, ada: User, browser: httpx.AsyncClient
) -> None:
    home = await made(house, ada, "thesis")
    page = await read(browser, FILES)
    await claims.claim(house.context, acting(ada), pool="lab", home="thesis")
    key = re.findall(r'name="form_key" value="([^"]+)"', page)[0]
    answer = await browser.post(f"{FILES}/{home}/delete", data={"form_key": key}, headers=NAVIGATION)
    assert (answer.status_code, "Give that back first" in words(answer.text)) == (409, True)


async def test_files_are_downloaded_from_the_page(
    house: House, ada: User, browser: httpx.AsyncClient
) -> None:
    home = await made(house, ada, "thesis")
    assert f'href="{FILES}/{home}/archive"' in await read(browser, FILES)
    answer = await browser.get(f"{FILES}/{home}/archive", headers=NAVIGATION)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/gzip")


async def test_whoever_has_one_home_is_asked_nothing(
    house: House, ada: User, browser: httpx.AsyncClient
) -> None:
    for _ in range(2):  # with none, and with the usual one
        assert 'name="home"' not in await read(browser, "/hub/")
        assert 'name="home"' not in await read(browser, "/hub/open/lab?path=x")
        view = await claims.claim(house.context, acting(ada), pool="lab")
        await claims.release(house.context, acting(ada), view.claim.id)


async def test_whoever_has_several_chooses_and_one_click_takes_the_usual(
    house: House, ada: User, browser: httpx.AsyncClient
) -> None:
    await house.warm(count=2)
    await made(house, ada, "thesis")
    page = await read(browser, "/hub/")
    options = re.findall(r'<option value="([^"]+)"', page)
    assert options == ["default", "thesis"]
    assert 'name="home"' in await read(browser, "/hub/open/lab?path=x")
    await submit(browser, page, "/hub/open/lab", home="thesis")
    [view] = (await claims.page(house.context, acting(ada))).items
    assert view.home == "thesis"


async def test_a_pool_that_keeps_no_files_asks_for_none(
    house: House, ada: User, browser: httpx.AsyncClient
) -> None:
    bare = replace(house.recipe, home=HomeKind.NONE, version="2")
    await house.context.store.write(templates.put, bare, house.context.clock.now())
    await made(house, ada, "thesis")
    assert 'name="home"' not in await read(browser, "/hub/")


async def test_files_in_another_workspace_lead_to_a_choice(
    house: House, ada: User, browser: httpx.AsyncClient
) -> None:
    await house.pool("other")
    await house.warm("other", 2)
    await claims.claim(house.context, acting(ada), pool="lab")
    answer = await submit(browser, await read(browser, "/hub/"), "/hub/open/other")
    assert (answer.status_code, "Your files are in use" in words(answer.text)) == (409, True)
    assert 'name="home" type="text" value="other"' in answer.text
    with_others = await submit(browser, answer.text, "/hub/open/other", home="other")
    assert with_others.status_code == 303
    view, _ = (await claims.page(house.context, acting(ada))).items
    assert (view.claim.pool, view.home) == ("other", "other")


async def test_or_to_giving_back_what_has_them_and_opening_in_one_go(
    house: House, ada: User, browser: httpx.AsyncClient
) -> None:
    await house.pool("other")
    first = await claims.claim(house.context, acting(ada), pool="lab")
    answer = await submit(browser, await read(browser, "/hub/"), "/hub/open/other")
    form = answer.text.rpartition("<form")[2]
    fields = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', form))
    assert fields["give_back"] == first.claim.id
    opened = await browser.post("/hub/open/other", data=fields, headers=NAVIGATION)
    assert opened.status_code == 303, words(opened.text)
    view, former = (await claims.page(house.context, acting(ada))).items
    assert (view.claim.pool, view.home, former.claim.state) == ("other", "default", "released")


async def test_somebody_elses_claim_is_not_given_back_by_a_form(
    house: House, ada: User, browser: httpx.AsyncClient
) -> None:
    eve = await house.person("eve")
    hers = await claims.claim(house.context, acting(eve), pool="lab")
    key = re.findall(r'name="form_key" value="([^"]+)"', await read(browser, FILES))[0]
    fields = {"form_key": key, "give_back": hers.claim.id}
    answer = await browser.post("/hub/open/lab", data=fields, headers=NAVIGATION)
    assert answer.status_code == 404
    assert (await claims.get(house.context, acting(eve), hers.claim.id)).claim.state == "waiting"


async def test_an_admin_sees_somebodys_homes_and_downloading_one_is_told_to_its_owner(
    house: House, ada: User, browser: httpx.AsyncClient
) -> None:
    home = await made(house, ada, "thesis")
    root = await house.browser(await house.person("root", Role.ADMIN))
    address = f"/hub/admin/people/{ada.id}"
    page = await read(root, address)
    assert "thesis – – put away" in words(page)
    answer = await submit(root, page, f"{address}/homes/{home}/archive")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/gzip")
    assert "root, an admin, downloaded these files." in words(await read(browser, FILES))


@pytest.mark.parametrize("address", [FILES, "/hub/api/v1/homes"])
async def test_no_link_makes_it_look_as_if_an_admin_read_somebodys_files(
    house: House, ada: User, browser: httpx.AsyncClient, address: str
) -> None:
    home = await made(house, ada, "thesis")
    root = await house.browser(await house.person("root", Role.ADMIN))
    followed = {**NAVIGATION, "Sec-Fetch-Site": "cross-site"}
    answer = await root.get(f"{address}/{home}/archive", headers=followed)
    assert answer.status_code == 403
    assert "downloaded these files" not in words(await read(browser, FILES))
    own = await browser.get(f"{address}/{home}/archive", headers=followed)
    assert (own.status_code, own.headers["content-type"]) == (200, "application/gzip")


async def test_as_many_homes_as_one_may_have_are_a_small_page(
    house: House, ada: User, browser: httpx.AsyncClient
) -> None:
    most = house.context.homes_per_person
    for number in range(2 * most - 1):
        home = await made(house, ada, f"a-home-with-an-ordinary-name-{number}")
        if number % 2:
            await homes.delete(house.context, acting(ada), home)
    [first, *_] = await homes.page(house.context, acting(ada))
    change = f"{FILES}?change={first.home.id}"
    assert f'href="{change}"' in await read(browser, FILES)
    assert f"{FILES}/{first.home.id}/rename" in forms(await read(browser, change))
    weight = await weighed(browser, await browser.get(FILES, headers=NAVIGATION))
    assert weight.whole < MOST_BYTES, weight.parts
    with counted() as asked:
        await browser.get(FILES, headers=NAVIGATION)
    assert len(asked) < 10


async def test_a_home_that_is_too_large_is_told_of_where_one_looks_and_no_longer_than_it_is_so(
    house: House, ada: User, browser: httpx.AsyncClient
) -> None:
    house.app.state.context = replace(house.context, home_size_warning=1 << 20)
    thesis, now = await made(house, ada, "thesis"), house.context.clock.now()
    await house.context.store.write(rows.put_size, thesis, 3 << 20, now)
    sentence = "It takes up 3.0 MiB, more than the 1MiB that are meant for one home."
    assert sentence in words(await read(browser, FILES))
    assert f"Your home “thesis” is too large. {sentence}" in words(await read(browser, "/hub/"))
    await house.context.store.write(rows.put_size, thesis, 1 << 20, now)
    assert "more than" not in words(await read(browser, FILES))
    assert "too large" not in words(await read(browser, "/hub/"))
