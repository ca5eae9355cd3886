"""One Carrel and one Chromium for all tests of pages that change nothing."""

import os
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, async_playwright
from tests.e2e.conftest import QUIET

from .scene import Scene, set_up


@pytest.fixture(scope="package")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=chromium, args=[*QUIET, *sandbox])
        yield launched
        await launched.close()


@pytest.fixture(scope="package")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    async with set_up(tmp_path_factory.mktemp("pages")) as scene:
        yield scene
