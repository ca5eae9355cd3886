"""Which containers' own disks are full, where the engine has to be asked."""

from datetime import timedelta
from typing import Any

import pytest
from tests.unit.drivers.docker.test_ailments import ONE, OWNER, TWO, StandingClock

from carrel.drivers.docker.disks import Disks

MiB = 1 << 20


class Afar:
    """An engine whose folders are not here: one container with a limit, one without."""

    def __init__(self) -> None:
        self.used = 0
        self.counted = 0

    async def look(self, path: str, *, params: dict[str, str], **_: object) -> Any:
        if path == "containers/json":
            return [{"Id": "limited"}, {"Id": "free"}]
        if "size" in params:
            self.counted += 1
            return {"SizeRw": self.used}
        labels = {"carrel.workspace": ONE if "limited" in path else TWO}
        options = {"size": "64MiB"} if "limited" in path else None
        return {
            "Config": {"Labels": labels},
            "HostConfig": {"StorageOpt": options},
            "GraphDriver": {"Data": None},
        }


async def test_a_disk_far_away_is_counted_now_and_then() -> None:
    engine: Any = Afar()
    clock = StandingClock()
    disks = Disks(engine, OWNER, clock)
    assert await disks.full() == {}
    engine.used = 63 * MiB
    assert await disks.full() == {}
    clock.at += timedelta(minutes=3)
    assert await disks.full() == {ONE: 64 * MiB}
    assert engine.counted == 2


@pytest.mark.parametrize("size", ["67108864", "64MiB"])
async def test_a_limit_is_read_as_engines_keep_it(size: str) -> None:
    class Small(Afar):
        async def look(self, path: str, *, params: dict[str, str], **_: object) -> Any:
            shown = await super().look(path, params=params)
            if path == "containers/limited/json" and "size" not in params:
                shown["HostConfig"]["StorageOpt"]["size"] = size
            return shown

    engine: Any = Small()
    engine.used = 64 * MiB
    assert await Disks(engine, OWNER, StandingClock()).full() == {ONE: 64 * MiB}


async def test_where_homes_are_elsewhere_nothing_is_known_of_their_disk() -> None:
    engine: Any = Afar()
    disks = Disks(engine, OWNER, StandingClock())
    assert not await disks.homes_are_full()
    assert not await disks.engine_is_full()
