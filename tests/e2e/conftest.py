"""A real Chromium for those who ask. Missing, it is named with how to get it; in CI that is a failure."""

import os
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, async_playwright

from .running import LAB_BIN

QUIET = [
    "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-features=OptimizationHints,Translate",
]  # fmt: skip
SHOTS = Path(__file__).parents[2] / "test-results"


def absent(what: str, how: str) -> None:
    sentence = f"{what} is not installed: {how}"
    if os.environ.get("CI") == "true":
        pytest.fail(sentence)
    pytest.skip(sentence)


@pytest.fixture(scope="session")
def jupyterlab() -> Path:
    if not (LAB_BIN / "jupyter").exists():
        absent("JupyterLab", "`make test` puts it into .lab")
    return LAB_BIN


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        absent("Chromium", "apt-get install chromium")
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=program, args=[*QUIET, *sandbox])
        yield launched
        await launched.close()


@pytest.fixture
async def window(browser: Browser) -> AsyncIterator[BrowserContext]:
    """One person's browser: its own cookies, a desktop's size."""
    context = await browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(30_000)
    yield context
    await context.close()


@pytest.fixture
def shot(request: pytest.FixtureRequest) -> Callable[[str], str]:
    """Where a screenshot of this test goes; they are looked at, not compared."""
    SHOTS.mkdir(exist_ok=True)
    return lambda name: str(SHOTS / f"{request.node.name}-{name}.png")
