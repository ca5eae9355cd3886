"""The first day, without a shell: from the link that Carrel prints to a second person at work in their own JupyterLab, seen by the admin."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect
from tests.e2e.running import Carrel, running
from tests.every_page import PAGES, Who

from .looking import WIDTHS, axe_faults, layout_faults
from .watching import watched

pytestmark = [pytest.mark.chromium, pytest.mark.jupyterlab]

SECOND = "grace.hopper"
MINUTE = 60_000


@pytest.fixture(scope="module")
async def carrel(tmp_path_factory: pytest.TempPathFactory, jupyterlab: Path) -> AsyncIterator[Carrel]:
    """As it is after the first start: JupyterLab, one person, nothing that anybody did."""
    folder = tmp_path_factory.mktemp("first")
    async with running(folder, "[pools.jupyterlab]\nwarm = 1\nlimit = 1\n") as carrel:
        yield carrel


@pytest.fixture(scope="module")
async def admin(carrel: Carrel, browser: Browser) -> AsyncIterator[Page]:
    """Came by the printed link."""
    context = await browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    page = await context.new_page()
    await page.goto(carrel.link)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url(carrel.hub)
    yield page
    await context.close()


async def test_pages_with_nothing_on_them_yet_are_in_order_too(carrel: Carrel, admin: Page) -> None:
    origin = carrel.hub.removesuffix("/hub/")
    tab, watch = await watched(admin.context, origin)
    for page in PAGES:
        if "{" in page.address or page.needs_all or page.who is Who.STRANGER:
            continue
        watch.expect(origin + page.address, page.status)
        await tab.set_viewport_size({"width": 1280, "height": WIDTHS[1280]})
        await tab.goto(origin + page.address)
        assert await axe_faults(tab) == [], page.name
        assert await layout_faults(tab, f"first-day-{page.name}") == [], page.name
        assert watch.faults == [], page.name
    await tab.close()


async def test_from_the_printed_link_to_a_second_person_at_work(
    carrel: Carrel, admin: Page, browser: Browser
) -> None:
    await admin.goto(carrel.hub)
    await expect(admin.get_by_role("heading", name="First steps")).to_be_visible()
    await admin.get_by_role("link", name="Add the people").click()
    password = await _let_in(admin, SECOND)

    other = await browser.new_context(viewport={"width": 1280, "height": 800})
    hers = await other.new_page()
    await hers.goto(carrel.hub)
    await hers.get_by_label("Name").fill(SECOND)
    await hers.get_by_label("Password").fill(password)
    await hers.get_by_role("button", name="Sign in").click()
    await expect(hers.get_by_role("link", name="Admin", exact=True)).to_have_count(0)
    await hers.get_by_role("button", name="Open JupyterLab").click()
    await hers.wait_for_selector(".jp-Launcher", timeout=2 * MINUTE)
    assert re.search(r"://[a-z0-9]{16}\.localhost:\d+/w/", hers.url), "she is in a workspace of her own"

    await _sees_her(carrel, admin, hers.url.split("/")[4])
    await other.close()


async def _let_in(admin: Page, name: str) -> str:
    """The password that is shown once."""
    await admin.get_by_role("link", name="Let people in").click()
    await admin.get_by_label("Name", exact=True).fill(name)
    await admin.get_by_role("button", name="Let them in", exact=True).click()
    row = admin.get_by_role("row").filter(has_text=name)
    return await row.locator("code").inner_text()


async def _sees_her(carrel: Carrel, admin: Page, workspace: str) -> None:
    """By following links: the list of first steps is gone, one is claimed, and hers stands under her name."""
    await admin.goto(carrel.hub)
    await expect(admin.get_by_role("heading", name="First steps")).to_have_count(0)
    await admin.get_by_role("link", name="Admin", exact=True).click()
    claimed = admin.get_by_role("main").locator(".stat").filter(has_text=re.compile("claimed", re.IGNORECASE))
    await expect(claimed.first).to_contain_text("1")
    await (
        admin.get_by_role("navigation", name="Administration").get_by_role("link", name="Workspaces").click()
    )
    row = admin.get_by_role("row").filter(has_text=SECOND)
    await expect(row).to_have_count(1)
    await expect(row).to_contain_text("ready")
    await expect(row.locator(f'a[href="/hub/workspaces/{workspace}"]').first).to_be_visible()
