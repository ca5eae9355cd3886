"""With scripts switched off people still get in, wait, and give back: every page goes on by links, forms and refreshes."""

import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, expect
from tests.e2e.running import eventually

from .scene import Scene

pytestmark = pytest.mark.chromium

PLAIN = "frances"


@pytest.fixture(scope="module")
async def plain(scene: Scene, browser: Browser) -> AsyncIterator[Page]:
    """Her browser runs no scripts."""
    context = await browser.new_context(java_script_enabled=False)
    context.set_default_timeout(30_000)
    page, person = await context.new_page(), scene.people[PLAIN]
    await page.goto(scene.carrel.hub)
    await page.get_by_label("Name").fill(person.name)
    await page.get_by_label("Password").fill(person.password)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url(scene.carrel.hub)
    yield page
    await context.close()


async def states(scene: Scene, pool: str) -> list[str]:
    async with scene.carrel.api(scene.people[PLAIN].token) as api:
        claims = (await api.get("/claims", params={"limit": 50})).json()["items"]
    return [claim["state"] for claim in claims if claim["pool"] == pool]


async def test_home_leads_in_and_what_is_given_back_is_told(scene: Scene, plain: Page) -> None:
    await scene.carrel.warm("small", 1)
    await plain.goto(scene.carrel.hub)
    await plain.locator('form[action="/hub/open/small"] button').click()
    await plain.wait_for_url("**/w/*/hello")
    await expect(plain.get_by_role("heading", name="Hello from")).to_be_visible()

    await plain.goto(scene.carrel.hub)
    await expect(plain.get_by_role("link", name=re.compile(r"^Open"))).to_be_visible()
    await plain.get_by_role("button", name=re.compile(r"^Release")).click()
    assert plain.url.startswith(scene.carrel.hub)

    async def is_released() -> bool:
        return await states(scene, "small") == ["released"]

    await eventually("it is released", is_released, 40)
    await plain.reload()
    await expect(plain.get_by_role("button", name=re.compile(r"^Release"))).to_have_count(0)
    await expect(plain.get_by_text("You gave it back.").first).to_be_visible()


async def test_a_cold_start_is_waited_for_and_leads_in_by_itself(scene: Scene, plain: Page) -> None:
    await plain.goto(f"{scene.carrel.hub}open/cold?path=hello%3Fhere")
    await expect(plain.get_by_role("heading", level=1)).to_contain_text("Small app")
    await plain.locator('form[action="/hub/open/cold"] button').click()
    await plain.wait_for_url("**/w/*/hello?here", timeout=60_000)
    await expect(plain.get_by_role("heading", name="Hello from")).to_be_visible()


async def test_the_queue_tells_the_position_and_can_be_left(scene: Scene, plain: Page) -> None:
    """With other files than those that are in what she has already."""
    await plain.goto(f"{scene.carrel.hub}open/full/course")
    await plain.locator('form[action="/hub/open/full/course"] button').first.click()
    await plain.wait_for_url("**/hub/claims/*")
    await expect(plain.get_by_role("main")).to_contain_text(re.compile(r"\b3(rd)?\b"))
    assert await plain.locator('meta[http-equiv="refresh"]').count() == 1, "it looks again by itself"
    await plain.get_by_role("button", name=re.compile("Leave the queue|Cancel")).click()
    await plain.wait_for_url(re.compile(r"/hub/(\?.*)?$"))

    async def has_left() -> bool:
        return await states(scene, "full") == ["released"]

    await eventually("she left the queue", has_left)
