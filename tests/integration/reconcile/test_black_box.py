"""What is kept of a workspace that is gone, and who is told before it goes."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from carrel.domain.activity import Observation
from carrel.domain.actor import Person
from carrel.domain.ids import WorkspaceId
from carrel.domain.workspace import Phase, Workspace
from carrel.reconcile import mishaps
from carrel.services import claims as claim_service
from carrel.services import workspaces as service
from carrel.store import events, use, variables, workspaces

from .rig import FusedDriver, Rig, a_pool, rig

HOUR = timedelta(hours=1)


@pytest.fixture
async def small(tmp_path: Path) -> AsyncIterator[Rig]:
    made = await rig(tmp_path, a_pool(warm=1, limit=2, max_age=12 * HOUR, stop_after_idle=None))
    await made.settle()
    yield made
    await made.aclose()


async def _held(small: Rig) -> tuple[Person, Workspace]:
    alice = await small.person("alice")
    view = await claim_service.claim(small.context, alice, pool="lab")
    assert view.workspace is not None
    await small.store.write(workspaces.entered, view.workspace.id, small.clock.now())
    return alice, view.workspace


async def _told(small: Rig, actor: Person, workspace_id: WorkspaceId, kind: str) -> list[str]:
    found = await service.timeline(small.context, actor, workspace_id)
    return [event.sentence for event in found if event.kind == kind]


def _prints(monkeypatch: pytest.MonkeyPatch, logs: Any) -> None:
    monkeypatch.setattr(FusedDriver, "logs", logs)


async def _gives_back(small: Rig, alice: Person, held: Workspace) -> None:
    assert held.claim_id is not None
    await claim_service.release(small.context, alice, held.claim_id)
    await small.settle()


async def test_what_was_printed_last_is_kept_without_secrets(
    small: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, held = await _held(small)
    await small.store.write(variables.put, alice.user_id, "KEY", "hunter2hunter2", small.clock.now(), most=9)

    async def logs(*_: object) -> str:
        return f"token={held.secret}\nkey hunter2hunter2\nbye\n"

    _prints(monkeypatch, logs)
    await _gives_back(small, alice, held)
    assert (await service.get(small.context, alice, held.id)).workspace.phase is Phase.GONE
    assert await _told(small, alice, held.id, "printed") == ["Its app printed last:\ntoken=…\nkey …\nbye"]
    assert await service.logs(small.context, alice, held.id) == "token=…\nkey …\nbye"
    assert await service.logs(small.context, alice, held.id, 1) == "bye"


async def test_a_log_that_hangs_or_breaks_keeps_nothing_from_ending(
    small: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hangs(*_: object) -> str:
        await asyncio.sleep(3600)
        return ""

    async def breaks(*_: object) -> str:
        raise ValueError("a fault of ours")

    monkeypatch.setattr(mishaps, "WORDS_WITHIN", 0.01)
    for logs in (hangs, breaks):
        alice = await small.person(logs.__name__)
        view = await claim_service.claim(small.context, alice, pool="lab")
        assert view.workspace is not None
        _prints(monkeypatch, logs)
        await _gives_back(small, alice, view.workspace)
        found = (await service.get(small.context, alice, view.workspace.id)).workspace
        assert found.phase is Phase.GONE
        assert await service.logs(small.context, alice, found.id) == ""


async def test_nothing_is_kept_of_one_that_nobody_held(small: Rig) -> None:
    [warm] = [row for row in await small.store.read(workspaces.of_pool, small.pool.name) if row.is_warm]
    await small.store.write(workspaces.move, warm.id, warm.version, Phase.STOPPING, small.clock.now())
    await small.settle()
    kept = await small.store.read(lambda conn: [event.kind for event in events.of_workspace(conn, warm.id)])
    assert "gone" in kept
    assert "printed" not in kept


async def test_its_person_is_warned_once_before_its_longest_time_is_over_however_much_it_is_used(
    small: Rig,
) -> None:
    alice, held = await _held(small)
    small.clock.time += 11 * HOUR + timedelta(minutes=49)
    await small.settle()
    assert await _told(small, alice, held.id, "warned") == []
    small.clock.time += timedelta(minutes=1)
    for _ in range(3):
        await small.settle()
        now = small.clock.now()
        await small.store.write(
            use.record, [Observation(held.id, observed_at=now, active_at=now, because="it was used")]
        )
        small.clock.time += timedelta(minutes=1)
    assert await _told(small, alice, held.id, "warned") == [
        "It stops at 21:00 UTC: it was to run for 12 hours, the most this pool allows."
    ]
    small.clock.time += 10 * timedelta(minutes=1)
    await small.settle()
    gone = (await service.get(small.context, alice, held.id)).workspace
    assert (gone.phase, gone.reason) == (Phase.GONE, "It ran for 12 hours, the most this pool allows.")
