"""A person's first day in a real browser with a real JupyterLab: link, button, notebook, cell, save, release, and again."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, Page, expect

from .running import eventually, running

pytestmark = [pytest.mark.chromium, pytest.mark.jupyterlab]


async def test_link_button_lab_cell_save_release_and_the_next_claim(
    tmp_path: Path, jupyterlab: Path, window: BrowserContext, shot: Callable[[str], str]
) -> None:
    async with running(tmp_path, "[pools.jupyterlab]\nwarm = 1\nlimit = 1\n") as carrel:
        await carrel.warm("jupyterlab", 1)
        page = await window.new_page()
        await page.goto(carrel.link)
        await page.screenshot(path=shot("link"))
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("heading", name="Open a workspace")).to_be_visible()
        await page.screenshot(path=shot("home"))
        await page.get_by_role("button", name="Open JupyterLab").click()
        await page.wait_for_selector(".jp-Launcher")
        assert "carrel-code" not in page.url, "the address is left clean"
        assert ".localhost:" in page.url
        workspace = page.url.split("/")[4]
        await page.screenshot(path=shot("lab"))
        await _run_a_cell(page)
        await page.screenshot(path=shot("cell"))
        notebook = carrel.state / "homes"
        await eventually("the notebook is in the person's home", lambda: _saved(notebook), 20)

        hub = await window.new_page()
        await hub.goto(carrel.hub)
        await hub.screenshot(path=shot("home-with-one"))
        await hub.get_by_role("button", name="Release").click()
        await expect(hub.get_by_role("button", name="Undo")).to_be_visible()
        await expect(hub.get_by_role("heading", name="Yours")).to_be_hidden(timeout=30_000)
        await carrel.warm("jupyterlab", 1)
        await hub.get_by_role("button", name="Open JupyterLab").click()
        await hub.wait_for_selector(".jp-DirListing-item")
        assert hub.url.split("/")[4] != workspace, "a released workspace is never handed out again"
        await expect(hub.locator(".jp-DirListing-item", has_text="Untitled.ipynb")).to_be_visible()
        await hub.screenshot(path=shot("yesterdays-files"))


async def _run_a_cell(page: Page) -> None:
    await page.locator(".jp-LauncherCard[title*='Python 3']").first.click()
    await page.wait_for_selector(".jp-Notebook .cm-content")
    # JupyterLab drops a cell that is run before the notebook has its kernel.
    await expect(page.get_by_role("button", name="Python 3 (ipykernel) | Idle")).to_be_visible(timeout=60_000)
    await page.locator(".jp-Notebook .cm-content").first.click()
    await page.keyboard.type("import os; print(6 * 7, [k for k, v in os.environ.items() if 'crl_' in v])")
    await page.keyboard.press("Shift+Enter")
    await expect(page.locator(".jp-OutputArea-output").first).to_contain_text("42 []", timeout=60_000)
    await page.keyboard.press("Control+s")
    await page.get_by_role("button", name="Rename and Save").click()


def _saved(homes: Path) -> bool:
    for notebook in homes.glob("*/Untitled.ipynb"):
        cells = json.loads(notebook.read_text())["cells"]
        return any("42" in str(cell.get("outputs")) for cell in cells)
    return False
