"""What needs JavaScript on the pages of one's own: a countdown that ends by itself, a log that goes on, a button that copies."""

import re
from collections.abc import AsyncIterator
from itertools import count
from typing import Any

import httpx
import pytest
from playwright.async_api import BrowserContext, Page, Route, expect

from .browserless import signed_in
from .running import Carrel, PersonWithToken, eventually, running, small_config
from .signing_in import sign_in

pytestmark = pytest.mark.chromium

_NUMBERS = count()

POOLS = """
[pools.small]
template = "small"
backend = "local"
warm = 1
limit = 12
"""


@pytest.fixture(scope="module")
async def carrel(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Carrel]:
    async with running(tmp_path_factory.mktemp("holding"), small_config(POOLS)) as found:
        await found.warm("small", 1)
        yield found


@pytest.fixture
async def ada(carrel: Carrel) -> PersonWithToken:
    """Somebody else in every test."""
    return await carrel.person(f"ada-{next(_NUMBERS)}")


@pytest.fixture
async def held(carrel: Carrel, ada: PersonWithToken) -> dict[str, Any]:
    await carrel.warm("small", 1)
    claim = await carrel.claim("small", ada.token)
    return dict(claim["workspace"]) | {"claim": claim["id"]}


async def _in(window: BrowserContext, carrel: Carrel, person: PersonWithToken) -> Page:
    await sign_in(window, carrel, person)
    page = await window.new_page()
    await page.goto(carrel.hub)
    return page


async def _prints(carrel: Carrel, ada: PersonWithToken, held: dict[str, Any], line: str) -> None:
    async with carrel.browserless() as client:
        answer = await client.get(
            f"{held['base_url']}print",
            params={"line": line},
            headers={"Authorization": f"Bearer {ada.token}"},
        )
        assert answer.status_code == 200, answer.text


async def test_a_release_counts_down_can_be_undone_and_else_ends_by_itself(
    carrel: Carrel, ada: PersonWithToken, held: dict[str, Any], window: BrowserContext
) -> None:
    page = await _in(window, carrel, ada)
    await page.get_by_role("button", name="Release").click()
    left = page.locator("[data-left]")
    await expect(left).to_contain_text("seconds left")
    first = await left.text_content()
    await expect(left).not_to_have_text(first or "")
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_role("status")).to_contain_text("It goes on. Nothing was stopped.")
    await expect(page.get_by_role("link", name="Open Small app")).to_be_visible()

    await page.get_by_role("button", name="Release").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Undo")).to_be_visible()
    await expect(page.get_by_role("heading", name="Yours")).to_be_hidden(timeout=30_000)
    await expect(page.get_by_text("You gave it back.")).to_be_visible()


async def test_without_javascript_it_can_be_undone_too_and_the_log_is_a_page(
    carrel: Carrel, ada: PersonWithToken, held: dict[str, Any]
) -> None:
    await _prints(carrel, ada, held, "a line of its log")
    visitor = await signed_in(carrel, ada)
    release, undo = (f"/hub/claims/{held['claim']}/{what}" for what in ("release", "undo"))
    page = await visitor.navigate(carrel.hub)
    assert (await visitor.submit(page, release)).status_code == 303
    page = await visitor.navigate(carrel.hub)
    assert (await visitor.submit(page, undo)).status_code == 303
    page = await visitor.navigate(f"{carrel.hub}workspaces/{held['id']}/log")
    assert "a line of its log" in page.text
    page = await visitor.navigate(carrel.hub)
    await visitor.submit(page, release)

    async def has_ended() -> bool:
        page = await visitor.navigate(f"{carrel.hub}workspaces/{held['id']}")
        return "This workspace has ended" in page.text and "You gave it back." in page.text

    await eventually("what was given back has ended", has_ended, 30)


async def test_the_log_goes_on_by_itself_until_it_is_paused(
    carrel: Carrel, ada: PersonWithToken, held: dict[str, Any], window: BrowserContext
) -> None:
    await _prints(carrel, ada, held, "the first line")
    page = await _in(window, carrel, ada)
    await page.goto(f"{carrel.hub}workspaces/{held['id']}")
    lines = page.locator("#log-lines")
    await expect(lines).to_contain_text("the first line")
    await expect(page.locator("#log-state")).to_have_text("Live")
    await _prints(carrel, ada, held, "the second line")
    await expect(lines).to_contain_text("the second line", timeout=15_000)

    await page.get_by_role("button", name="Pause").click()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await _prints(carrel, ada, held, "the third line")
    await expect(page.locator("#log-state")).to_have_text("Paused")
    await page.wait_for_timeout(3_000)
    assert asked == []
    await page.get_by_role("button", name="Go on").click()
    await expect(lines).to_contain_text("the third line", timeout=15_000)


async def test_the_log_says_when_it_cannot_be_had_and_comes_back(
    carrel: Carrel, ada: PersonWithToken, held: dict[str, Any], window: BrowserContext
) -> None:
    page = await _in(window, carrel, ada)
    address = f"**/api/v1/workspaces/{held['id']}/logs*"
    problem = '{"detail": "The log cannot be read now: the backend is away."}'
    await page.route(
        address,
        lambda route: route.fulfill(status=503, content_type="application/problem+json", body=problem),
    )
    await page.goto(f"{carrel.hub}workspaces/{held['id']}")
    await expect(page.locator("#log-state")).to_contain_text("the backend is away")
    await page.unroute(address)
    await expect(page.locator("#log-state")).to_have_text("Live", timeout=15_000)


async def test_addresses_and_secrets_are_copied_with_one_press(
    carrel: Carrel, ada: PersonWithToken, held: dict[str, Any], window: BrowserContext
) -> None:
    await window.grant_permissions(["clipboard-read", "clipboard-write"])
    page = await _in(window, carrel, ada)
    await page.goto(f"{carrel.hub}workspaces/{held['id']}")
    await page.get_by_role("button", name="Copy").click()
    await expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert await page.evaluate("navigator.clipboard.readText()") == held["base_url"]

    await page.goto(f"{carrel.hub}account")
    await page.get_by_text("Make a token").click()
    await page.get_by_label("What it is for").fill("a script")
    await page.get_by_role("button", name="Make it").click()
    await page.get_by_role("button", name="Copy").click()
    await expect(page.get_by_role("button", name="Copied")).to_be_visible()
    secret = await page.evaluate("navigator.clipboard.readText()")

    async def works() -> bool:
        async with carrel.api(secret) as api:
            answer: httpx.Response = await api.get("/claims")
            return answer.status_code == 200

    await eventually("the copied token works", works)


async def test_an_open_page_says_by_itself_that_a_stop_is_near(
    carrel: Carrel, ada: PersonWithToken, held: dict[str, Any], window: BrowserContext
) -> None:
    page = await _in(window, carrel, ada)
    await page.clock.install()
    await page.goto(carrel.hub)
    region = page.locator(f"#ending-{held['id']}")
    await expect(region).to_be_attached()
    await expect(region).to_be_empty()

    async def nearly_over(route: Route) -> None:
        answer = await route.fetch()
        text = await answer.text()
        ending = f'<div id="ending-{held["id"]}" data-fresh'
        assert ending in text
        said = '<div class="notice warn" role="status"><p>Small app stops at 17:40.</p></div>'
        text = text.replace(f"{ending}", f'{ending} data-tell="Small app stops soon">{said}</div><div', 1)
        await route.fulfill(response=answer, body=text.replace("<title>", "<title>Stops soon: ", 1))

    await page.route(carrel.hub, nearly_over)
    await page.clock.fast_forward(16_000)
    await expect(region.get_by_role("status")).to_have_text("Small app stops at 17:40.")
    await expect(page).to_have_title(re.compile("^Stops soon: "))
