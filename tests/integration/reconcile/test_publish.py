"""The table of routes, when many ask for it at once."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from carrel.domain.errors import Unavailable
from carrel.reconcile.publish import Publisher

from .rig import RecordingDataPlane, Rig, a_pool, rig


@pytest.fixture
async def small(tmp_path: Path) -> AsyncIterator[Rig]:
    made = await rig(tmp_path, a_pool(warm=2, limit=3))
    yield made
    await made.aclose()


class CountingDataPlane(RecordingDataPlane):
    tables = 0
    is_full = False

    async def publish(self, routes: Any) -> None:
        self.tables += 1
        await asyncio.sleep(0)
        if self.is_full:
            raise Unavailable("The disk is full.")
        await super().publish(routes)


def _publisher(small: Rig, dataplane: CountingDataPlane) -> Publisher:
    return Publisher(small.store, small.clock, small.context.wake, dataplane)


async def test_a_hundred_who_leave_at_once_cost_a_few_tables(small: Rig) -> None:
    await small.settle()
    dataplane = CountingDataPlane()
    publisher = _publisher(small, dataplane)
    await asyncio.gather(*(publisher.publish() for _ in range(100)))
    assert 1 <= dataplane.tables <= 3
    assert len(dataplane.routes) == 2


async def test_a_table_shared_with_others_is_never_older_than_the_question(small: Rig) -> None:
    dataplane = CountingDataPlane()
    publisher = _publisher(small, dataplane)
    early = asyncio.create_task(publisher.publish())
    await asyncio.sleep(0)
    await small.settle()
    await publisher.publish()
    assert len(dataplane.routes) == 2
    await early


async def test_a_table_that_cannot_be_written_is_told_to_all_who_asked(small: Rig) -> None:
    dataplane = CountingDataPlane()
    dataplane.is_full = True
    publisher = _publisher(small, dataplane)
    told = await asyncio.gather(*(publisher.publish() for _ in range(5)), return_exceptions=True)
    assert [type(each) for each in told] == [Unavailable] * 5
    dataplane.is_full = False
    await publisher.publish()


async def test_a_table_for_which_a_full_disk_has_no_room_gets_what_was_set_aside(
    small: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    await small.settle()
    dataplane = CountingDataPlane()
    dataplane.is_full = True

    async def given() -> bool:
        dataplane.is_full = False
        return True

    monkeypatch.setattr(small.store, "make_room", given)
    await _publisher(small, dataplane).publish()
    assert len(dataplane.routes) == 2
