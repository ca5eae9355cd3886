"""What the loops forget and write by themselves, at times that a hand sets."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest
from tests.integration.reconcile.rig import Rig, a_pool, rig

from carrel.app.housekeeping import keep_room, tidy
from carrel.domain.sample import Span
from carrel.ports.clock import Clock
from carrel.services import claims as claim_service
from carrel.services.samples import KEPT, keep_taking
from carrel.store import audit, claims, samples, workspaces

DAY = timedelta(days=1)


class Over(Exception):
    """The test has seen enough."""


@dataclass
class Minutes:
    """Every sleep is as long as asked for, and the last one ends the test."""

    time: datetime
    sleeps: list[float]
    most: int

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.time.timestamp()

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.time += timedelta(seconds=seconds)
        if len(self.sleeps) == self.most:
            raise Over


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Rig]:
    made = await rig(tmp_path, a_pool(warm=1, limit=4))
    await made.settle()
    yield made
    await made.aclose()


async def test_samples_are_taken_as_each_minute_begins(lab: Rig) -> None:
    clock = Minutes(datetime(2026, 11, 21, 9, 0, 42, 500_000, tzinfo=UTC), [], 4)
    with pytest.raises(Over):
        await keep_taking(replace(lab.context, clock=cast("Clock", clock)))
    assert clock.sleeps == [17.5, 60, 60, 60]
    found = await lab.store.read(samples.recent, clock.time - Span.HOURS.length, Span.HOURS)
    assert [(sample.at.minute, sample.at.second) for sample in found[lab.pool.name]] == [
        (0, 0),
        (1, 0),
        (2, 0),
        (3, 0),
    ]


async def test_samples_of_last_week_are_forgotten(lab: Rig) -> None:
    clock = Minutes(datetime(2026, 11, 21, 9, 0, tzinfo=UTC), [], 1)
    old = clock.time - KEPT - timedelta(minutes=1)
    await lab.store.write(samples.take, old)
    await lab.store.write(samples.take, old + timedelta(minutes=2))
    with pytest.raises(Over):
        await keep_taking(replace(lab.context, clock=cast("Clock", clock)))
    left = await lab.store.read(samples.recent, old - DAY, Span.HOURS)
    assert [sample.at for sample in left[lab.pool.name]] == [
        old + timedelta(minutes=2),
        clock.now() - timedelta(minutes=1),
    ]


async def test_what_was_set_aside_for_a_full_disk_is_put_back_within_a_minute(
    lab: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Minutes(datetime(2026, 11, 21, 9, 0, tzinfo=UTC), [], 3)
    kept: list[datetime] = []

    async def keep() -> None:
        kept.append(clock.time)

    monkeypatch.setattr(lab.context.store, "keep_room", keep)
    began = clock.time
    with pytest.raises(Over):
        await keep_room(replace(lab.context, clock=cast("Clock", clock)))
    assert kept == [began + timedelta(minutes=1), began + timedelta(minutes=2)]


async def test_history_is_kept_as_long_as_the_setting_says(lab: Rig) -> None:
    alice = await lab.person("alice")
    over = await claim_service.claim(lab.context, alice, pool="lab")
    await claim_service.release(lab.context, alice, over.claim.id)
    await lab.settle()
    lab.clock.time += 30 * DAY
    await lab.settle()
    goes_on = await claim_service.claim(lab.context, alice, pool="lab")
    assert over.claim.workspace_id is not None
    assert goes_on.claim.workspace_id is not None

    await tidy(lab.context, 60 * DAY)
    assert await lab.store.read(workspaces.get, over.claim.workspace_id) is not None
    await tidy(lab.context, 20 * DAY)
    assert await lab.store.read(workspaces.get, over.claim.workspace_id) is None
    assert await lab.store.read(claims.get, over.claim.id) is None
    assert await lab.store.read(claims.get, goes_on.claim.id) is not None
    assert await lab.store.read(workspaces.get, goes_on.claim.workspace_id) is not None
    since = [entry.at for entry in (await lab.store.read(audit.page)).items]
    assert since
    assert min(since) >= lab.clock.now() - 20 * DAY
