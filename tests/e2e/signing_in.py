"""A person signed in at a real browser, without a page being drawn: for tests of what comes after. Those of the page itself fill it in."""

import re

from playwright.async_api import BrowserContext

from .browserless import NAVIGATION
from .running import Carrel, PersonWithToken


async def sign_in(context: BrowserContext, carrel: Carrel, person: PersonWithToken) -> None:
    """By the form, as any page would send it; the browser keeps the cookie."""
    page = await context.request.get(f"{carrel.hub}sign-in", headers=NAVIGATION)
    key = re.search(r'name="form_key" value="([^"]+)"', await page.text())
    assert key is not None, await page.text()
    answer = await context.request.post(
        f"{carrel.hub}sign-in",
        form={"form_key": key[1], "name": person.name, "password": person.password},
        headers={
            **NAVIGATION,
            "Origin": f"http://localhost:{carrel.port}",
            "Sec-Fetch-Site": "same-origin",
        },
        max_redirects=0,
    )
    assert answer.status == 303, await answer.text()
