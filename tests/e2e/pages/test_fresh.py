"""Pages of admins renew themselves, and leave alone whatever somebody is at."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, expect
from tests.every_page import Who

from .scene import Scene

pytestmark = pytest.mark.chromium

OVERDUE = 16_000
"""Milliseconds after which a page has looked again (static/fresh.js)."""
SPOILED = "el => { el.firstElementChild.textContent = 'out of date'; }"


@pytest.fixture
async def overview(browser: Browser, scene: Scene) -> AsyncIterator[Page]:
    window = await scene.window(browser, Who.ADMIN)
    tab = await window.new_page()
    await tab.clock.install()
    await tab.goto(f"{scene.origin}/hub/admin/")
    yield tab
    await window.close()


async def test_what_is_out_of_date_is_exchanged_and_what_has_the_focus_is_not(overview: Page) -> None:
    now, pool = overview.locator("#now"), overview.locator("#pool-small")
    await now.evaluate(SPOILED)
    await pool.evaluate("el => el.classList.add('as-it-was')")
    await pool.get_by_role("link").focus()
    await overview.clock.fast_forward(OVERDUE)
    await expect(now).not_to_contain_text("out of date")
    await expect(pool.get_by_role("link")).to_be_focused()
    await expect(pool).to_have_class("card as-it-was")
    await overview.evaluate("document.activeElement.blur()")
    await overview.clock.fast_forward(OVERDUE)
    await expect(pool).to_have_class("card")


async def test_a_selection_is_not_taken_away(overview: Page) -> None:
    await overview.locator("#now").evaluate(SPOILED)
    await overview.evaluate("getSelection().selectAllChildren(document.querySelector('#now'))")
    async with overview.expect_response(lambda answer: answer.url.endswith("/hub/admin/")):
        await overview.clock.fast_forward(OVERDUE)
    await expect(overview.locator("#now")).to_contain_text("out of date")


async def test_an_answer_that_is_none_changes_nothing(overview: Page) -> None:
    await overview.route("**/hub/admin/", lambda route: route.fulfill(status=503, body="away"))
    await overview.locator("#now").evaluate(SPOILED)
    async with overview.expect_response(lambda answer: answer.status == 503):
        await overview.clock.fast_forward(OVERDUE)
    await overview.unroute("**/hub/admin/")
    await expect(overview.locator("#now")).to_contain_text("out of date")
    await overview.clock.fast_forward(OVERDUE)
    await expect(overview.locator("#now")).not_to_contain_text("out of date")


async def test_where_a_part_is_there_no_longer_the_page_is_loaded_anew_unless_somebody_fills_in_a_form(
    overview: Page,
) -> None:
    over = "<p id=over data-fresh>ready</p><input id=words>"
    await overview.evaluate(
        "over => document.querySelector('main').insertAdjacentHTML('beforeend', over)", over
    )
    await overview.locator("#words").focus()
    async with overview.expect_response(lambda answer: answer.url.endswith("/hub/admin/")):
        await overview.clock.fast_forward(OVERDUE)
    await expect(overview.locator("#over")).to_have_text("ready")
    await overview.evaluate("document.activeElement.blur()")
    await overview.clock.fast_forward(OVERDUE)
    await expect(overview.locator("#over")).to_have_count(0)
