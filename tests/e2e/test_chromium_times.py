"""What static/page.js makes of a time is what the server had written there: nobody sees words change their meaning."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import BrowserContext, Route

from carrel.web.pages.words import ago

from .running import REPOSITORY

pytestmark = pytest.mark.chromium

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
OFFSETS = [
    0,
    30,
    44,
    45,
    50,
    89,
    90,
    91,
    150,
    3599,
    90 * 60,
    91 * 60,
    7200,
    36 * 3600,
    37 * 3600,
    86_400 * 3,
    86_400 * 61,
    86_400 * 400,
]
SCRIPT = REPOSITORY / "src" / "carrel" / "web" / "static" / "page.js"


async def test_relative_times_read_the_same_with_and_without_javascript(window: BrowserContext) -> None:
    moments = [NOW + timedelta(seconds=sign * offset) for offset in OFFSETS for sign in (1, -1)]
    times = "".join(
        f'<time datetime="{at.isoformat()}" data-show="relative">{ago(at, NOW)}</time>' for at in moments
    )
    untouched = '<time datetime="not a time" data-show="relative">as it was</time>'

    async def answer(route: Route) -> None:
        is_script = route.request.url.endswith(".js")
        body = (
            SCRIPT.read_text()
            if is_script
            else f"<title>t</title>{times}{untouched}<script type=module src=/page.js></script>"
        )
        await route.fulfill(body=body, content_type="text/javascript" if is_script else "text/html")

    page = await window.new_page()
    await page.clock.set_fixed_time(NOW)
    await page.route("**/*", answer)
    await page.goto("http://carrel.test/")
    await page.wait_for_function("document.querySelector('time').title !== ''")
    assert await page.locator("time").all_inner_texts() == [*(ago(at, NOW) for at in moments), "as it was"]
