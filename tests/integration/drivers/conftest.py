"""What the tests of the `local` driver share."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from carrel.testing.driver_contract import leave_nothing

from .place import Eventually, Local


@pytest.fixture
async def local(tmp_path: Path) -> AsyncIterator[Local]:
    made = Local(tmp_path / "state")
    yield made
    await leave_nothing(made.open())
    for driver in made.opened:
        await driver.aclose()


@pytest.fixture
def eventually() -> Eventually:
    async def wait(holds: Callable[[], object]) -> None:
        async with asyncio.timeout(20):
            while not holds():
                await asyncio.sleep(0.02)

    return wait
