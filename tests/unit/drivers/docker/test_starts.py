"""What is shown of a start between two tries at it; starts on a real engine are in tests/docker/test_starting.py."""

import asyncio
from types import SimpleNamespace
from typing import Any

from carrel.clock import SystemClock
from carrel.domain.ids import PoolName, WorkspaceId
from carrel.drivers.docker.notes import Note
from carrel.drivers.docker.starting import Starts
from carrel.ports.driver import OutOfCapacity

FULL = "No space left on device: the image lab:1 does not fit on the engine's disk."
ONE = WorkspaceId("w" * 16)


class Small:
    """Brings up nothing, as the disk of its engine is full. No image is being fetched meanwhile."""

    def __init__(self) -> None:
        self.images = SimpleNamespace(progress=lambda image: None)
        self.tried = asyncio.Event()

    async def images_of(self, plan: Any) -> Any:
        self.tried.set()
        raise OutOfCapacity(FULL)


class Kept:
    def take_over(self, notes: list[Note]) -> list[Note]:
        return notes


async def test_a_start_that_is_tried_again_says_what_is_wrong_from_its_first_try() -> None:
    bringer: Any = Small()
    notes: Any = Kept()
    plan: Any = SimpleNamespace(workspace_id=ONE, pool=PoolName("lab"), images=("lab:1",))

    async def undo(workspace_id: WorkspaceId) -> None: ...

    starts = Starts(bringer, notes, undo, clock=SystemClock())
    await starts.resume([Note(ONE, PoolName("lab"), plan=plan)])
    async with asyncio.timeout(5):
        await bringer.tried.wait()
        while (shown := starts.progress(ONE)) is None:
            await asyncio.sleep(0)
    await starts.aclose()
    assert (shown.trouble, shown.sentence) == (FULL, f"{FULL} It is tried again.")
