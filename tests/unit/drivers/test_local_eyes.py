"""What the local driver shows, while what it does hangs."""

import asyncio
import threading
from pathlib import Path

import pytest

from carrel import mint
from carrel.domain.ids import InstallationId, WorkspaceId
from carrel.drivers.local import driver as local
from carrel.drivers.registry import open_backend
from carrel.ports.driver import DriverContext, Logs


async def test_work_that_hangs_does_not_keep_the_driver_from_looking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on = threading.Event()

    def hang(log: Path, lines: int) -> str:
        goes_on.wait(20)
        return ""

    monkeypatch.setattr(local, "tail", hang)
    driver = open_backend("local", DriverContext("here", InstallationId(mint.new_id()), str(tmp_path), {}))
    assert isinstance(driver, Logs)
    hanging = [asyncio.create_task(driver.logs(WorkspaceId(mint.new_id()), 5)) for _ in range(20)]
    try:
        await asyncio.sleep(0.05)
        assert await asyncio.wait_for(driver.list(), 10) == []
    finally:
        goes_on.set()
        await asyncio.gather(*hanging)
        await driver.aclose()
