"""Somebody waits in a full pool in a real browser: they see their place and what happens, and land inside by themselves."""

import contextlib
import re
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from carrel.domain.queue import Estimate
from carrel.web.pages.words import expected, ordinal, span

from .running import Carrel, PersonWithToken, eventually, running, small_config
from .signing_in import sign_in
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


IN_THE_BACKGROUND = """
window.Notification = class {
  static permission = "default";
  static async requestPermission() { return "granted"; }
  constructor(title) { localStorage.told = title; }
};
Object.defineProperty(document, "hidden", { get: () => true });
"""
"""A tab that nobody looks at, in a browser that writes down what it was to tell."""


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
    context = await browser.new_context(java_script_enabled=scripts)
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
        await context.add_init_script(IN_THE_BACKGROUND)
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
        await page.goto(carrel.hub)
        assert await page.evaluate("localStorage.told") == "Late app is ready"


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


async def test_scripts_say_numbers_in_the_words_of_the_page(carrel: Carrel, browser: Browser) -> None:
    seconds = [
        0,
        0.4,
        1,
        4.9,
        5.1,
        12,
        41,
        54.9,
        55.1,
        61,
        89,
        91,
        119,
        600,
        3599.6,
        5390,
        5500,
        9100,
        40_000,
    ]
    numbers = [1, 2, 3, 4, 10, 11, 12, 13, 21, 22, 23, 101, 111, 112, 113, 1001]
    async with window(carrel, browser, "carol") as context:
        page = await context.new_page()
        await page.goto(carrel.hub)
        said = await page.evaluate(
            """async ([seconds, numbers]) => {
                const words = await import("/hub/static/words.js");
                const pairs = seconds.flatMap((likely) => seconds.map((most) => words.expected(likely, [0, most])));
                return [seconds.map(words.span), pairs, numbers.map(words.ordinal), words.expected(null, null)];
            }""",
            [seconds, numbers],
        )
    spans = [timedelta(seconds=value) for value in seconds]
    pairs = [expected(Estimate(timedelta(0), likely, most)) for likely in spans for most in spans]
    assert said == [
        [span(value) for value in spans],
        pairs,
        [ordinal(number) for number in numbers],
        expected(None),
    ]
