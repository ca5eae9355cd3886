"""An app that believes to live at "/", in a real browser: its absolute links, its forms, its redirects and its cookies."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import BrowserContext, expect

from .running import Carrel, running

pytestmark = [pytest.mark.chromium]

CONFIG = f"""
[pools.jupyterlab]
warm = 0

[templates.plain]
command = ["{sys.executable}", "{Path(__file__).with_name("plain_app.py")}", "{{host}}", "{{port}}"]
path = "strip"
home = "none"

[pools.plain]
template = "plain"
backend = "local"
warm = 1
limit = 2
"""


@pytest.fixture
async def carrel(tmp_path: Path) -> AsyncIterator[Carrel]:
    async with running(tmp_path, CONFIG) as carrel:
        await carrel.warm("plain", 1)
        yield carrel


async def test_an_app_that_knows_no_prefix_works_as_if_it_lived_alone(
    carrel: Carrel, window: BrowserContext
) -> None:
    page = await window.new_page()
    await page.goto(carrel.link)
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_role("button", name="Open plain").click()
    await expect(page.get_by_role("heading", name="Plain")).to_be_visible(timeout=30_000)
    root = page.url
    assert root.endswith(f"/w/{root.split('/')[4]}/")

    await expect(page.locator("#script")).to_have_text("the script ran")
    await expect(page.locator("#fetched")).to_have_text("fetched")
    await expect(page.get_by_role("heading")).to_have_css("color", "rgb(1, 2, 3)")
    assert (
        await page.locator("#image").evaluate("image => image.decode().then(() => image.naturalWidth)") == 30
    )

    await page.get_by_role("link", name="on").click()
    await expect(page).to_have_title("second")
    assert page.url == f"{root}second?from=first"
    await expect(page.locator("body")).to_have_text("/second?from=first seen=yes")

    await page.go_back()
    await page.get_by_role("button", name="Send").click()
    await expect(page).to_have_title("second")
    assert page.url == f"{root}second?word=hello"

    await page.goto(f"{root}old")
    assert page.url == f"{root}second"
    await page.goto(root.partition("/w/")[0] + "/second?by=hand")
    assert page.url == f"{root}second?by=hand"
    kept: list[Any] = [cookie for cookie in await window.cookies(root) if cookie.get("name") == "seen"]
    assert [cookie["path"] for cookie in kept] == [root[root.index("/w/") :]]
