"""Every page, looked at: at every width, light and dark, by axe, by keyboard alone; nothing leaves the machine, nothing stands inline."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser
from playwright.async_api import Page as Tab
from tests.every_page import NOT_PAGES, PAGES, Page, Who, page_routes

from .keyboard import keyboard_faults
from .looking import WIDTHS, Scheme, axe_faults, brightness, layout_faults, moving, weight
from .scene import Scene
from .watching import Watch, inline_faults, policy_faults, watched

pytestmark = pytest.mark.chromium

MOST_BYTES = 50_000
JUDGED: tuple[tuple[int, Scheme, tuple[str, ...]], ...] = (
    (1280, "light", ()),
    (1280, "dark", ("color-contrast", "link-in-text-block")),
    (390, "dark", ("target-size", "scrollable-region-focusable")),
)
"""Width, scheme and rules (none: all) by which axe looks at each page."""
EACH = pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])

Tabs = dict[Who, tuple[Tab, Watch]]


@pytest.fixture(scope="module")
async def tabs(scene: Scene, browser: Browser) -> AsyncIterator[Tabs]:
    """One tab for each kind of person."""
    windows = {who: await scene.window(browser, who, reduced_motion="reduce") for who in Who}
    yield {who: await watched(window, scene.origin) for who, window in windows.items()}
    for window in windows.values():
        await window.close()


async def opened(scene: Scene, tabs: Tabs, page: Page, width: int = 1280) -> tuple[Tab, Watch]:
    tab, watch = tabs[page.who]
    await tab.set_viewport_size({"width": width, "height": WIDTHS[width]})
    await tab.emulate_media(color_scheme="light", reduced_motion="reduce")
    watch.expect(scene.url(page), page.status)
    answer = await tab.goto(scene.url(page))
    assert answer is not None
    assert answer.status == page.status, await answer.text()
    assert tab.url == scene.url(page), "it led elsewhere"
    assert policy_faults(answer.headers["content-security-policy"]) == []
    assert inline_faults(await answer.text()) == []
    return tab, watch


@pytest.mark.parametrize("route", sorted({*page_routes()} - NOT_PAGES.keys()))
def test_every_page_is_looked_at(route: str) -> None:
    assert route in {page.route for page in PAGES}, f"tests/every_page.py has no entry for {route}"


def test_the_list_of_pages_holds_none_that_is_not_there() -> None:
    assert {page.route for page in PAGES} | NOT_PAGES.keys() <= {*page_routes()}
    names = [page.name for page in PAGES]
    assert len(names) == len(set(names))


@EACH
async def test_a_page_is_in_order(scene: Scene, tabs: Tabs, page: Page) -> None:
    """All that is looked at stands in one test, for opening a page is dearer than looking at it."""
    tab, watch = await opened(scene, tabs, page)
    assert await layout_faults(tab, page.name) == [], "it fits every window"
    light, dark = await brightness(tab, "light"), await brightness(tab, "dark")
    assert light[0] - light[1] > 150, "light is dark ink on a light ground"
    assert dark[1] - dark[0] > 150, "dark is light ink on a dark ground"
    assert await moving(tab) == []
    parts = await weight(tab)
    assert 10_000 < sum(parts.values()) < MOST_BYTES or page.name == "parts", parts
    assert watch.faults == [], "it stays on this machine"
    await _satisfies_axe(tab)
    assert await keyboard_faults(tab) == [], "everything is reached by keyboard"


async def _satisfies_axe(tab: Tab) -> None:
    for width, scheme, rules in JUDGED:
        await tab.set_viewport_size({"width": width, "height": WIDTHS[width]})
        await tab.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        assert await axe_faults(tab, *rules) == [], f"axe, {width} px, {scheme}"
    await tab.set_viewport_size({"width": 1280, "height": WIDTHS[1280]})
    await tab.emulate_media(color_scheme="light", reduced_motion="reduce")
