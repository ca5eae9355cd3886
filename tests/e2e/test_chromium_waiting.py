"""Somebody waits in a full pool in a real browser: they see their place and what happens, and land inside by themselves."""

import contextlib
import re
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from .pages.scene import sign_in
from .running import Carrel, PersonWithToken, eventually, running, small_config
from .stage import chromium_at

pytestmark = pytest.mark.chromium

SMALL_APP = Path(__file__).with_name("small_app.py")
LATE = "import runpy, sys, time; time.sleep(2.5); sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
"""Starts the small app, a moment later: long enough to be seen starting."""

POOLS = f"""
[templates.late]
title = "Late app"
command = ["{sys.executable}", "-c", "{LATE}", "{SMALL_APP}", "{{host}}", "{{port}}", "{{base_path}}"]
open = "hello"
ready = "ready"
environment = {{ HOME = "{{home}}" }}

[pools.class]
template = "late"
backend = "local"
warm = 0
limit = 1

[pools.plain]
template = "late"
backend = "local"
warm = 0
limit = 1

[pools.left]
template = "late"
backend = "local"
warm = 0
limit = 1

[pools.small]
template = "small"
backend = "local"
warm = 1
"""


@pytest.fixture(scope="module")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    async with chromium_at(chromium) as launched:
        yield launched


@pytest.fixture(scope="module")
async def carrel(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Carrel]:
    async with running(tmp_path_factory.mktemp("waiting"), small_config(POOLS)) as started:
        await started.warm("small", 1)
        yield started


@dataclass(frozen=True, slots=True)
class Queue:
    """A pool with one workspace, which somebody holds."""

    carrel: Carrel
    pool: str
    holder: PersonWithToken
    claim: str

    async def release(self) -> None:
        await self.leave(self.holder, self.claim)

    async def leave(self, person: PersonWithToken, claim_id: str) -> None:
        async with self.carrel.api(person.token) as api:
            assert (await api.delete(f"/claims/{claim_id}")).status_code in (200, 204)


async def full(carrel: Carrel, pool: str) -> Queue:
    holder = await carrel.person(f"holder-of-{pool}")
    claim = await carrel.claim(pool, holder.token, expect=(201, 202))

    async def is_held() -> bool:
        async with carrel.api(holder.token) as api:
            return bool((await api.get(f"/claims/{claim['id']}")).json()["state"] == "held")

    await eventually("the only one is held", is_held, 60)
    return Queue(carrel, pool, holder, claim["id"])


@contextlib.asynccontextmanager
async def window(
    carrel: Carrel, browser: Browser, name: str, *, scripts: bool = True
) -> AsyncIterator[BrowserContext]:
    context = await browser.new_context(java_script_enabled=scripts, permissions=["notifications"])
    context.set_default_timeout(30_000)
    await sign_in(context, carrel, await carrel.person(name))
    yield context
    await context.close()


async def ask(context: BrowserContext, carrel: Carrel, address: str) -> Page:
    page = await context.new_page()
    await page.goto(f"{carrel.hub}open/{address}")
    await page.get_by_role("button", name="Open Late app").click()
    return page


async def test_one_who_waits_sees_each_step_and_lands_inside_without_doing_anything(
    carrel: Carrel, browser: Browser
) -> None:
    queue = await full(carrel, "class")
    first = await carrel.person("first-in-line")
    ahead = await carrel.claim("class", first.token, expect=(202,))
    async with window(carrel, browser, "ada") as context:
        page = await ask(context, carrel, "class?path=seen%3Fx=%C3%BC%26y=1")
        await expect(page).to_have_title("2nd in the queue – Late app")
        await expect(page.get_by_role("status")).to_contain_text("You are 2nd in the queue.")
        await expect(page.get_by_text("The only workspace of this pool is taken.")).to_be_visible()
        await expect(page.locator("[aria-current=step]")).to_contain_text("Queue")
        await expect(page.get_by_role("link", name="Open Small app")).to_be_visible()
        await page.get_by_role("button", name="Tell me when it is ready").click()
        await expect(page.get_by_role("button", name="You will be told")).to_be_disabled()
        await page.evaluate("window.wasNeverReloaded = true")

        await queue.leave(first, ahead["id"])
        await expect(page).to_have_title("1st in the queue – Late app")
        await queue.release()
        await expect(page).to_have_title("Starting – Late app")
        await expect(page.get_by_role("heading", name="Late app is starting")).to_be_visible()
        await expect(page.locator("[aria-current=step]")).to_contain_text("App answers")
        await expect(page.get_by_text("It will take")).to_be_visible()
        assert await page.evaluate("window.wasNeverReloaded")
        await page.wait_for_url(re.compile(r"/w/[a-z0-9]{16}/seen\?x=%C3%BC&y=1$"))


async def test_without_scripts_the_page_asks_again_by_itself_until_one_is_inside(
    carrel: Carrel, browser: Browser
) -> None:
    queue = await full(carrel, "plain")
    async with window(carrel, browser, "bob", scripts=False) as context:
        page = await ask(context, carrel, "plain")
        await expect(page).to_have_title("1st in the queue – Late app")
        await expect(page.get_by_role("button", name="Tell me when it is ready")).to_be_hidden()
        await queue.release()
        await page.wait_for_url("**/w/*/hello")
        await expect(page.get_by_role("heading", name="Hello from")).to_be_visible()


async def test_whoever_leaves_the_queue_comes_home_and_is_told_so(carrel: Carrel, browser: Browser) -> None:
    await full(carrel, "left")
    async with window(carrel, browser, "eve") as context:
        page = await ask(context, carrel, "left")
        await page.get_by_role("button", name="Leave the queue").click()
        await page.wait_for_url("**/hub/?done=left")
        await expect(page.get_by_role("status")).to_have_text("You left the queue.")
        await expect(page.get_by_text("gave it back")).to_have_count(0)
