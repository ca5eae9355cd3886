"""/hub/open/<pool>: asks first, lands where the link says and nowhere else, and says what stands in the way."""

from dataclasses import replace
from datetime import timedelta
from html import unescape
from urllib.parse import urlencode

import pytest

from carrel.domain.account import User
from carrel.domain.actor import System
from carrel.domain.workspace import Phase, Workspace
from carrel.services import claims
from carrel.store import pools, workspaces

from .house import HUB, PASSWORD, POOL, Browser, House

OPEN = f"{HUB}/hub/open/lab"


async def adas(house: House) -> tuple[User, Browser]:
    return await house.person("ada"), await house.signed_in("ada")


@pytest.mark.parametrize(
    ("wish", "place"),
    [
        ("lab/tree/week 1.ipynb", "lab/tree/week%201.ipynb"),
        ("/lab/tree/Übung #2.ipynb", "lab/tree/%C3%9Cbung%20%232.ipynb"),
        (
            "git-pull?repo=https://a.example/b&urlpath=lab/tree/b/c d.ipynb",
            "git-pull?repo=https://a.example/b&urlpath=lab/tree/b/c%20d.ipynb",
        ),
        ("https://evil.example/", "https://evil.example/"),
        ("//evil.example", "evil.example"),
        ("../../hub/sign-out", "lab"),
        ("a/%2e%2e/%2e%2e/b", "lab"),
        ("x\r\nSet-Cookie: a=b", "lab"),
        ("", "lab"),
    ],
)
async def test_the_button_leads_to_the_links_place_inside_and_to_nowhere_else(
    house: House, wish: str, place: str
) -> None:
    ada, browser = await adas(house)
    workspace = await house.workspace(ada)
    page = await browser.open(f"{OPEN}?{urlencode({'path': wish})}")
    assert page.status_code == 200
    answer = await browser.submit(page, "/hub/open/lab", {})
    assert answer.status_code == 303
    assert answer.headers["location"] == house.url(workspace, place)


async def test_the_page_says_where_it_will_open_in_words_people_wrote(house: House) -> None:
    _, browser = await adas(house)
    page = await browser.open(f"{OPEN}/thesis?{urlencode({'path': 'lab/tree/Übung <1>.ipynb'})}")
    assert "lab/tree/Übung &lt;1&gt;.ipynb" in page.text
    assert "thesis" in page.text


async def test_the_place_is_kept_through_signing_in(house: House) -> None:
    await house.person("ada")
    browser = house.browser()
    link = "/hub/open/lab?path=lab/tree/%C3%9C%201.ipynb%3Fx%3D1%26y%3D%2F%2Fz"
    asked = await browser.open(HUB + link)
    page = await browser.open(asked.headers["location"])
    answer = await browser.submit(page, "/hub/sign-in", {"name": "ada", "password": PASSWORD})
    assert answer.headers["location"] == link
    assert "lab/tree/Ü 1.ipynb?x=1&amp;y=//z" in (await browser.open(HUB + link)).text


async def test_the_place_is_kept_through_the_queue(house: House) -> None:
    ada, browser = await adas(house)
    page = await browser.open(f"{OPEN}?{urlencode({'path': 'lab/tree/ü?a=b&c'})}")
    waiting = await browser.submit(page, "/hub/open/lab", {})
    [view] = (await claims.page(house.context, System())).items
    await claims.release(house.context, System(), view.claim.id)
    workspace = await house.workspace(ada)
    there = waiting.headers["location"].replace(view.claim.id, workspace.claim_id or "")
    assert (await browser.open(there)).headers["location"] == house.url(workspace, "lab/tree/%C3%BC?a=b&c")


async def test_a_bookmark_leads_straight_into_what_one_has(house: House) -> None:
    ada, browser = await adas(house)
    workspace = await house.workspace(ada)
    for _ in range(2):
        answer = await browser.open(OPEN)
        assert answer.headers["location"] == house.url(workspace)
    assert (await browser.open(f"{OPEN}/other")).status_code == 200


async def test_a_bookmark_leads_back_to_ones_place_in_the_queue(house: House) -> None:
    _, browser = await adas(house)
    first = await browser.submit(await browser.open(OPEN), "/hub/open/lab", {})
    assert (await browser.open(OPEN)).headers["location"] == first.headers["location"]


async def test_a_link_to_a_place_inside_asks_even_those_who_are_in_already(house: House) -> None:
    """Some apps do things when a page of theirs is merely looked at: whoever made the link must not decide that alone."""
    ada, browser = await adas(house)
    await house.workspace(ada)
    page = await browser.open(f"{OPEN}?path=git-pull?repo=https://evil.example/x")
    assert page.status_code == 200
    assert "You have it already" in page.text
    assert "git-pull" in page.text


async def test_a_paused_pool_says_so_before_one_waits_and_while_one_does(house: House) -> None:
    _, browser = await adas(house)
    await house.context.store.write(pools.put, replace(POOL, paused=True), house.clock.now())
    page = await browser.open(OPEN)
    assert "This pool is paused" in page.text
    waiting = await browser.follow((await browser.submit(page, "/hub/open/lab", {})).headers["location"])
    assert "nothing new is started until an administrator resumes it" in waiting.text
    assert "How long it takes is not known." in waiting.text


async def test_at_the_limit_of_a_person_the_page_shows_what_they_hold(house: House) -> None:
    ada, browser = await adas(house)
    await house.context.store.write(pools.put, replace(POOL, per_user=2), house.clock.now())
    held = await house.workspace(ada, "one")
    await browser.submit(await browser.open(f"{OPEN}/two"), "/hub/open/lab/two", {})
    answer = await browser.submit(await browser.open(f"{OPEN}/three"), "/hub/open/lab/three", {})
    assert answer.status_code == 429
    text = unescape(answer.text)
    assert "You have as many of JupyterLab as you may" in text
    assert house.url(held) in text
    assert f"/hub/claims/{held.claim_id}/release" in text
    assert "Leave the queue" in text
    await browser.submit(answer, f"/hub/claims/{held.claim_id}/release", {})
    again = await browser.post("/hub/open/lab/three", {"form_key": _key(answer.text), "path": ""})
    assert again.status_code == 303


def _key(page: str) -> str:
    return page.partition('name="form_key" value="')[2].partition('"')[0]


async def test_someone_signed_in_keeps_their_name_on_a_page_that_is_not_there(house: House) -> None:
    _, browser = await adas(house)
    for path in ("/hub/nowhere", "/hub/open/nowhere"):
        answer = await browser.open(HUB + path)
        assert answer.status_code == 404
        assert "<span>ada</span>" in answer.text
    assert "<span>ada</span>" not in (await house.browser().open(f"{HUB}/hub/nowhere")).text


async def test_one_who_waits_reads_place_steps_and_how_long(house: House) -> None:
    _, browser = await adas(house)
    for seconds in (30, 40, 50):
        await _started(house, timedelta(seconds=seconds))
    answer = await browser.submit(await browser.open(OPEN), "/hub/open/lab", {})
    await _begun(house)
    house.clock.at += timedelta(seconds=10)
    text = (await browser.open(answer.headers["location"])).text
    assert "<title>Starting – JupyterLab</title>" in text
    assert "A workspace is starting for you." in text
    assert "It will take about 30 seconds, rarely more than 40 seconds." in text
    assert text.count("<li class=") == 5
    for name in ("Queue", "Machine", "Start", "App answers", "Your files"):
        assert f"<strong>{name}" in text
    assert '<li class="now " aria-current="step">' in text


async def test_leaving_the_queue_is_called_that(house: House) -> None:
    _, browser = await adas(house)
    answer = await browser.submit(await browser.open(OPEN), "/hub/open/lab", {})
    page = await browser.open(answer.headers["location"])
    left = await browser.submit(page, f"{answer.headers['location']}/release", {})
    assert left.headers["location"] == "/hub/?done=left"
    over = (await browser.open(answer.headers["location"])).text
    assert "You are not in the queue any more" in over
    assert "You left the queue." in over
    assert "gave it back" not in over


async def _begun(house: House) -> None:
    await _intended(house, Phase.STARTING)


async def _started(house: House, took: timedelta) -> None:
    """One of the pool's earlier starts, long over."""
    row = await _intended(house, Phase.STARTING)
    house.clock.at += took
    for phase in (Phase.READY, Phase.STOPPING, Phase.GONE):
        moved = await house.context.store.write(
            workspaces.move, row.id, row.version, phase, house.clock.now()
        )
        assert moved is not None
        row = moved


async def _intended(house: House, phase: Phase) -> Workspace:
    new = house.new_workspace()
    assert await house.context.store.write(workspaces.intend, new)
    moved = await house.context.store.write(workspaces.move, new.id, 0, phase, house.clock.now())
    assert moved is not None
    return moved
