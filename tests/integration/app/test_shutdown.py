"""The end that Ctrl-C asks for, without a data plane."""

from dataclasses import replace
from typing import Any

from structlog.testing import capture_logs

from carrel.app.shutdown import end_workspaces
from carrel.domain.ids import BackendName
from carrel.drivers.memory import MemoryDriver, World
from carrel.ports.driver import DriverUnavailable

House = Any


class Shared(MemoryDriver):
    """Has something around its instances, which may stand in the way."""

    def __init__(self, world: World, **more: Any) -> None:
        super().__init__(world, **more)
        self.left_with: list[int] = []
        self.refusal: DriverUnavailable | None = None

    async def leave(self) -> None:
        self.left_with.append(len(await self.list()))
        if self.refusal is not None:
            raise self.refusal


async def test_what_instances_shared_goes_after_the_last_of_them(house: House) -> None:
    await house.pool()
    await house.warm()
    place = (house.context.installation, "memory")
    driver = Shared(house.driver.world, place=place, port=1)
    assert len(await driver.list()) == 1
    other = Shared(World(), place=place, port=1)
    other.refusal = DriverUnavailable("It is busy.")
    context = replace(house.context, drivers={BackendName("memory"): driver, BackendName("other"): other})
    with capture_logs() as lines:
        await end_workspaces(context)
    assert (driver.left_with, other.left_with) == ([0], [0])
    assert [line["why"] for line in lines if line["event"] == "backend not left"] == ["It is busy."]
