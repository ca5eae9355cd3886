"""The small pages that Envoy shows by itself, looked at like the hub's own: they must stand without any file of the hub."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page

from carrel.dataplane.notices import NOTICES, values

from .keyboard import keyboard_faults
from .looking import axe_faults, brightness, layout_faults, moving

pytestmark = pytest.mark.chromium

HUB = "http://localhost:8000/hub/"
REFRESH = '<meta http-equiv="refresh" content="2">'
"""One that comes again by itself is looked at without that: there is nothing on it that somebody could be at."""


@pytest.fixture
async def tab(browser: Browser) -> AsyncIterator[Page]:
    context = await browser.new_context(reduced_motion="reduce")
    yield await context.new_page()
    await context.close()


@pytest.mark.parametrize("name", sorted(NOTICES))
async def test_a_notice_is_in_order(tab: Page, name: str) -> None:
    page = (
        str(values(HUB)[f"page_{name}"])
        .replace("%DYNAMIC_METADATA(envoy.lb:door)%", "/w/x/")
        .replace("%%", "%")
    )
    assert (REFRESH in page) == NOTICES[name].comes_again
    await tab.set_content(page.replace(REFRESH, ""))
    assert await axe_faults(tab) == []
    assert await layout_faults(tab, f"notice-{name}") == []
    light, dark = await brightness(tab, "light"), await brightness(tab, "dark")
    assert light[0] - light[1] > 150, "light is dark ink on a light ground"
    assert dark[1] - dark[0] > 150, "dark is light ink on a dark ground"
    assert await axe_faults(tab, "color-contrast") == []
    assert await moving(tab) == []
    assert await keyboard_faults(tab) == []
