"""What a person may do with the workspace they hold: restart it, and keep it longer."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from carrel.domain.actor import Person
from carrel.domain.errors import Conflict, Unavailable
from carrel.domain.workspace import Phase, Workspace
from carrel.ports.driver import DriverUnavailable, Spec
from carrel.services import claims as claim_service
from carrel.services import workspaces as service

from .rig import Rig, a_pool, rig

HOUR = timedelta(hours=1)


@pytest.fixture
async def small(tmp_path: Path) -> AsyncIterator[Rig]:
    made = await rig(tmp_path, a_pool(warm=1, limit=2, max_age=12 * HOUR))
    await made.settle()
    yield made
    await made.aclose()


async def _held(small: Rig) -> tuple[Person, Workspace]:
    alice = await small.person("alice")
    view = await claim_service.claim(small.context, alice, pool="lab")
    assert view.workspace is not None
    return alice, view.workspace


def _may_restart(small: Rig, monkeypatch: pytest.MonkeyPatch, restart: Any) -> None:
    monkeypatch.setattr(type(small.context.drivers[small.pool.backend]), "restart", restart, raising=False)


async def test_a_restart_keeps_id_claim_and_files(small: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    async def restart(_: object, spec: Spec) -> None:
        await small.driver.restart(spec)

    _may_restart(small, monkeypatch, restart)
    alice, before = await _held(small)
    begun = (await service.restart(small.context, alice, before.id)).workspace
    assert begun.phase is Phase.STARTING
    await small.settle()
    after = (await service.get(small.context, alice, before.id)).workspace
    assert after.phase is Phase.READY
    assert (after.claim_id, after.home_id, after.attached_at, after.endpoint) == (
        before.claim_id,
        before.home_id,
        before.attached_at,
        before.endpoint,
    )
    assert small.driver.home_of(before.id) == before.home_id
    assert after.reason is None


async def test_a_restart_that_the_backend_refuses_leaves_what_ran(
    small: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_: object, spec: Spec) -> None:
        raise DriverUnavailable("It is away.")

    _may_restart(small, monkeypatch, away)
    alice, held = await _held(small)
    with pytest.raises(Unavailable, match="It is away"):
        await service.restart(small.context, alice, held.id)
    with pytest.raises(Conflict, match="Only a workspace that is ready"):
        await service.restart(small.context, alice, held.id)
    small.clock.time += timedelta(seconds=30)
    await small.settle()
    after = (await service.get(small.context, alice, held.id)).workspace
    assert after.phase is Phase.READY
    assert after.claim_id == held.claim_id


async def test_an_extension_adds_hours_and_never_more_than_the_pool_allows_from_now(small: Rig) -> None:
    alice, held = await _held(small)
    assert held.stops_at is not None
    small.clock.time += 4 * HOUR
    longer = (await service.extend(small.context, alice, held.id, 2)).workspace
    assert longer.stops_at == held.stops_at + 2 * HOUR
    most = (await service.extend(small.context, alice, held.id, 100)).workspace
    assert most.stops_at == small.clock.now() + 12 * HOUR
    again = (await service.extend(small.context, alice, held.id, 1)).workspace
    assert again.stops_at == most.stops_at
