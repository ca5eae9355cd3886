"""What a running workspace suffers from is told to its person once, is over when it is over, and is the cause of an end that says little."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from carrel.domain.actor import Person
from carrel.domain.claim import ClaimState
from carrel.domain.instance import Ailment
from carrel.domain.reason import ReasonCode
from carrel.domain.workspace import Workspace
from carrel.ports.driver import DriverUnavailable
from carrel.reconcile import ailing
from carrel.services import claims as service
from carrel.services import details, failures
from carrel.services import workspaces as workspace_service
from carrel.store import ailing as ailing_store
from carrel.store import events, workspaces

from .rig import Rig, a_pool, rig

HUNGRY = Ailment(ReasonCode.OUT_OF_MEMORY, "Something in it was ended because it used more than 1 GB.")
CROWDED = Ailment(ReasonCode.TOO_MANY_PROCESSES, "It has all 512 processes that it may have.")


@pytest.fixture
async def small(tmp_path: Path) -> AsyncIterator[Rig]:
    made = await rig(tmp_path, a_pool(warm=1, limit=2))
    await made.settle()
    yield made
    await made.aclose()


async def _held(small: Rig) -> tuple[Person, Workspace]:
    alice = await small.person("alice")
    view = await service.claim(small.context, alice, pool="lab")
    assert view.workspace is not None
    return alice, view.workspace


async def _round(small: Rig, row: Workspace) -> None:
    current = await small.store.read(workspaces.get, row.id)
    assert current is not None
    ctx = small.context
    await ailing.tell(ctx.store, ctx.clock, ctx.wake, ctx.drivers, [current])


async def _told(small: Rig, row: Workspace) -> list[str]:
    assert row.claim_id is not None
    lines = await small.store.read(events.of_claim, row.claim_id)
    return [line.kind for line in lines if line.kind.startswith(("ailing", "recovered"))]


async def test_it_is_told_once_and_again_when_it_comes_back(small: Rig) -> None:
    alice, row = await _held(small)
    for ailment, kinds in (
        (HUNGRY, ["ailing_out_of_memory"]),
        (HUNGRY, ["ailing_out_of_memory"]),
        (None, ["ailing_out_of_memory", "recovered"]),
        (HUNGRY, ["ailing_out_of_memory", "recovered", "ailing_out_of_memory"]),
    ):
        small.driver.suffer(row.id, ailment)
        await _round(small, row)
        assert await _told(small, row) == kinds
        view = (await service.page(small.context, alice)).items[0]
        assert view.ailment == ailment
        assert (await workspace_service.get(small.context, alice, row.id)).ailment == ailment
        assert (await details.get(small.context, alice, row.id)).ailment == ailment
        assert (await service.get(small.context, alice, view.claim.id)).ailment == ailment


async def test_a_backend_that_is_away_ends_nothing_of_it(small: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away() -> None:
        raise DriverUnavailable("The engine does not answer.")

    _, row = await _held(small)
    small.driver.suffer(row.id, HUNGRY)
    await _round(small, row)
    monkeypatch.setattr(small.driver, "ailments", away)
    await _round(small, row)
    assert await _told(small, row) == ["ailing_out_of_memory"]


@pytest.mark.parametrize("after", [None, CROWDED])
async def test_of_one_that_ended_meanwhile_nothing_more_is_told(small: Rig, after: Ailment | None) -> None:
    _, row = await _held(small)
    small.driver.suffer(row.id, HUNGRY)
    await _round(small, row)
    read_before = await small.store.read(workspaces.get, row.id)
    assert read_before is not None
    small.driver.suffer(row.id, None)
    await _ends(small, row)
    assert not await small.store.write(ailing_store.note, read_before, after, small.clock.now())
    assert await _told(small, row) == ["ailing_out_of_memory"]


async def test_an_end_by_force_is_explained_by_what_the_driver_remembers(small: Rig) -> None:
    alice, row = await _held(small)
    small.driver.suffer(row.id, HUNGRY)
    await _ends(small, row)
    await _check_cause(small, alice, row, ReasonCode.OUT_OF_MEMORY, "Memory ran out, so the app was ended.")


async def test_or_by_what_was_written_down_where_the_driver_has_forgotten(small: Rig) -> None:
    alice, row = await _held(small)
    small.driver.suffer(row.id, CROWDED)
    await _round(small, row)
    small.driver.suffer(row.id, None)
    await _ends(small, row)
    await _check_cause(small, alice, row, ReasonCode.TOO_MANY_PROCESSES, "It had as many processes as it may")


async def _ends(small: Rig, row: Workspace) -> None:
    small.driver.crash(row.id, "It was ended by signal 9.")
    await small.settle(10)


async def _check_cause(small: Rig, person: Person, row: Workspace, code: ReasonCode, words: str) -> None:
    ended = await small.store.read(workspaces.get, row.id)
    assert ended is not None
    assert ended.reason_code == code
    assert row.claim_id is not None
    claim = await service.get(small.context, person, row.claim_id)
    assert claim.claim.state is ClaimState.RELEASED
    failure = await failures.of_claim(small.context, person, row.claim_id)
    assert failure is not None
    assert failure.cause.sentence.startswith(words)
    assert failure.is_over
