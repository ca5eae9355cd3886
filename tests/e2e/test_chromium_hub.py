"""Ways into the hub and out of it in a real browser: links from anywhere ask first and lead nowhere else, and signing out closes every door."""

from collections.abc import AsyncIterator
from urllib.parse import quote

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from .running import eventually
from .stage import SESSION, Stage, attack, chromium_at, id_in, path_of, set_up, target

pytestmark = pytest.mark.chromium

ELSEWHERE = [
    "http://evil.test/", "//evil.test/", "///evil.test/", "/\\evil.test/", "\\\\evil.test", "/hub//evil.test", "/hub/..//evil.test/",
    "/hub/%2e%2e//evil.test/", "/hub/\t//evil.test", "http:evil.test", "javascript:document.title='stolen'", "data:text/html,stolen",
    "/hub/@evil.test", "/hub/sign-in?next=//evil.test/", ".evil.test", "@evil.test", "/w/x", "/hub/\r\nLocation: http://evil.test/",
]  # fmt: skip


@pytest.fixture(scope="module")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    async with chromium_at(chromium) as launched:
        yield launched


@pytest.fixture(scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> AsyncIterator[Stage]:
    async with set_up(tmp_path_factory.mktemp("hub"), browser) as stage:
        yield stage


@pytest.fixture
async def alices(stage: Stage) -> AsyncIterator[BrowserContext]:
    """Her browser, signed in and inside of both her workspaces."""
    async with stage.window(stage.alice) as context:
        await stage.enter(context)
        yield context


async def sign_out(page: Page, stage: Stage) -> None:
    await page.goto(stage.hub)
    await page.locator("details.who > summary").click()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


async def test_signing_out_closes_every_workspace_at_once_and_nobody_elses(
    stage: Stage, alices: BrowserContext
) -> None:
    tab, page = await alices.new_page(), await alices.new_page()
    await tab.goto(stage.own + "hello")
    async with stage.window(stage.bob) as bobs:
        other = await bobs.new_page()
        await other.goto(stage.bobs + "hello")
        await sign_out(page, stage)
        assert await alices.cookies(stage.own), "the ticket is still there, and worth nothing"
        ask = "fetch('hello').then((answer) => answer.status)"
        assert await tab.evaluate(ask) == 401
        assert await attack(tab, "WebSocket", target(stage.own, "WebSocket")) == [""]
        await tab.reload()
        await expect(tab.get_by_role("heading", name="Sign in")).to_be_visible()
        await page.goto(stage.hostile + "hello")
        await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        assert await other.evaluate(ask) == 200

    await page.get_by_label("Name").fill(stage.alice.name)
    await page.get_by_label("Password").fill(stage.alice.password)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url(stage.hostile + "hello")


async def test_another_person_at_the_same_browser_is_not_let_into_the_first_ones_workspace(
    stage: Stage, alices: BrowserContext
) -> None:
    page = await alices.new_page()
    await sign_out(page, stage)
    await page.close()
    await stage.sign_in(alices, stage.bob)
    page = await alices.new_page()
    answer = await page.goto(stage.own + "hello")
    assert answer is not None
    assert answer.status in (403, 404)
    assert "Hello from" not in await page.content()


async def test_after_signing_out_the_back_button_shows_nothing_of_the_hub(
    stage: Stage, alices: BrowserContext
) -> None:
    page = await alices.new_page()
    await page.goto(stage.hub)
    await expect(page.get_by_role("heading", name="Yours")).to_be_visible()
    await page.goto(f"{stage.hub}open/hostile/another")
    await sign_out(page, stage)
    for _ in range(3):
        await page.go_back()
        await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        assert stage.alice.name not in await page.content()


async def test_a_link_to_open_asks_and_starts_nothing_until_the_button_is_pressed(
    stage: Stage, alices: BrowserContext
) -> None:
    page = await alices.new_page()
    before = await stage.state()
    await page.goto(f"{stage.elsewhere}hello")
    await page.evaluate(
        "(url) => { location = url }", f"{stage.hub}open/hostile/linked?path=say%3Fbody%3Dhere"
    )
    await expect(page.get_by_role("heading", name="Open Hostile?")).to_be_visible()
    await page.reload()
    assert await stage.state() == before
    await page.get_by_role("button", name="Open Hostile").click()
    await expect(page.locator("body")).to_have_text("here")
    claims = (await stage.state())["claims"]
    assert len(claims) == len(before["claims"]) + 1
    async with stage.carrel.api(stage.alice.token) as api:
        mine = (await api.get("/claims", params={"limit": 50})).json()["items"]
        (linked,) = [claim for claim in mine if claim["name"] == "linked"]
        assert (await api.delete(f"/claims/{linked['id']}")).status_code in (200, 204)


async def test_a_link_to_open_leads_a_stranger_through_signing_in_and_back(stage: Stage) -> None:
    async with stage.window() as context:
        page = await context.new_page()
        await page.goto(f"{stage.hub}open/hostile/linked?path=hello")
        await page.get_by_label("Name").fill(stage.alice.name)
        await page.get_by_label("Password").fill(stage.alice.password)
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("heading", name="Open Hostile?")).to_be_visible()
        assert page.url == f"{stage.hub}open/hostile/linked?path=hello"


@pytest.mark.parametrize("is_known", [True, False])
async def test_signing_in_leads_nowhere_but_to_this_hub(stage: Stage, is_known: bool) -> None:
    async with stage.window(stage.alice if is_known else None) as context:
        page = await context.new_page()
        for wish in ELSEWHERE if is_known else ELSEWHERE[::4]:
            await page.goto(f"{stage.hub}sign-in?next={quote(wish, safe='')}")
            if not is_known:
                await page.get_by_label("Name").fill(stage.alice.name)
                await page.get_by_label("Password").fill(stage.alice.password)
                await page.get_by_role("button", name="Sign in").click()
                await expect(page.get_by_label("Password")).to_be_hidden()
                assert [kept["name"] for kept in await context.cookies(stage.hub)] == [SESSION]
                await context.clear_cookies()
            assert page.url.startswith(stage.hub), wish
            assert await page.title() != "stolen", wish


async def test_the_way_into_a_workspace_leads_nowhere_but_there(stage: Stage, alices: BrowserContext) -> None:
    page = await alices.new_page()
    nonce = "0" * 64
    for wish in ELSEWHERE:
        await page.goto(
            f"{stage.hub}enter?workspace={id_in(stage.own)}&nonce={nonce}&next={quote(wish, safe='')}"
        )
        assert page.url.startswith(stage.own), wish
        assert "carrel-code" not in page.url


@pytest.mark.parametrize("is_inside", [True, False])
async def test_finding_e3_a_way_in_that_somebody_else_began_gives_them_nothing(
    stage: Stage, alices: BrowserContext, is_inside: bool
) -> None:
    """Bob asks at alice's door and has her finish his detour. Nobody but she sees the code, and it is spent by her looking at it."""
    async with stage.window(stage.bob) as bobs:
        his = await bobs.new_page()
        began = (await addresses_on_the_way(his, stage.own + "hello", "/hub/enter?"))[0]

        if not is_inside:
            await alices.clear_cookies(name="carrel-ticket")
            await alices.clear_cookies(name="carrel-grace")
        hers = await alices.new_page()
        (with_code,) = await addresses_on_the_way(hers, began, "carrel-code=")
        arrived = [asked["query"] for asked in await stage.book(stage.own, stage.alice.token)]
        assert not any("carrel-code" in query for query in arrived), "no app sees it"
        answer = await his.goto(with_code)
        assert answer is not None
        assert answer.status in (403, 404)
        assert await stage.book(stage.own, stage.alice.token) == []
    await stage.works(alices)


async def addresses_on_the_way(page: Page, address: str, sign: str) -> list[str]:
    """Those with this sign in them, redirects included."""
    seen: list[str] = []
    page.on("request", lambda request: seen.append(request.url))
    await page.goto(address)
    return [url for url in seen if sign in url]


async def test_finding_a1_path_mode_leads_people_to_the_workspaces_own_host(
    stage: Stage, alices: BrowserContext
) -> None:
    page = await alices.new_page()
    await page.goto(stage.in_path_mode(stage.own) + "hello")
    assert page.url == stage.own + "hello"
    await expect(page.get_by_role("heading")).to_have_text(f"Hello from {path_of(stage.own)}")
    answer = await page.goto(stage.in_path_mode(stage.bobs) + "hello")
    assert answer is not None
    assert answer.status in (403, 404)


async def test_an_end_is_told_and_leads_back_to_the_hub(stage: Stage, alices: BrowserContext) -> None:
    page = await alices.new_page()
    await page.goto(f"{stage.hub}open/hostile/brief")
    await page.get_by_role("button", name="Open Hostile").click()
    await page.wait_for_url("**/hello")
    async with stage.carrel.api(stage.alice.token) as api:
        mine = (await api.get("/claims", params={"limit": 50})).json()["items"]
        (brief,) = [claim for claim in mine if claim["name"] == "brief"]
        await api.delete(f"/claims/{brief['id']}")

    address = f"{brief['workspace']['base_url']}hello"

    async def is_gone() -> bool:
        await page.goto(address)
        return await page.get_by_role("heading", name="This workspace does not answer").is_visible()

    await eventually("it is gone", is_gone)
    await page.get_by_role("link", name="See what became of it").click()
    await expect(page.get_by_role("heading", name="This workspace has ended")).to_be_visible()
    await page.get_by_role("link", name="To the hub").click()
    await expect(page.get_by_role("heading", name="Yours")).to_be_visible()
    await alices.clear_cookies(name="carrel-ticket")
    await alices.clear_cookies(name="carrel-grace")
    await page.goto(address)
    await expect(page.get_by_role("heading", name="This workspace has ended")).to_be_visible()
    await expect(page.get_by_text("You gave it back.").first).to_be_visible()
    again = page.get_by_role("link", name="Open Hostile again")
    await expect(again).to_have_attribute("href", "/hub/open/hostile/brief")
