"""Draining a pool: nobody new, nothing warm, and whoever is in stays until they leave."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from carrel.domain.actor import System
from carrel.domain.claim import ClaimState
from carrel.ports.driver import Rejected, Spec
from carrel.services import claims as claim_service
from carrel.services import pools as pool_service
from carrel.services.preview import preview
from carrel.store import claims

from .rig import Rig, a_pool, rig

ROOT = System("owner")


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Rig]:
    made = await rig(tmp_path, a_pool(warm=2, limit=6))
    await made.settle()
    yield made
    await made.aclose()


async def counts(lab: Rig) -> dict[str, int]:
    found = (await pool_service.get(lab.context, ROOT, "lab")).counts
    return {name: many for name in ("ready", "claimed", "waiting") if (many := getattr(found, name))}


async def test_what_nobody_holds_goes_and_who_is_in_stays(lab: Rig) -> None:
    held = await claim_service.claim(lab.context, await lab.person("alice"), pool="lab")
    await lab.settle()
    assert await counts(lab) == {"ready": 2, "claimed": 1}
    await pool_service.change(lab.context, ROOT, "lab", {"draining": True})
    await lab.settle()
    assert await counts(lab) == {"claimed": 1}
    kept = await lab.store.read(claims.get, held.claim.id)
    assert kept is not None
    assert kept.state is ClaimState.HELD


async def test_whoever_asks_meanwhile_waits_and_is_served_when_it_is_resumed(lab: Rig) -> None:
    await pool_service.change(lab.context, ROOT, "lab", {"draining": True})
    await lab.settle()
    bob = await lab.person("bob")
    asked = await claim_service.claim(lab.context, bob, pool="lab")
    await lab.settle()
    assert await counts(lab) == {"waiting": 1}
    await pool_service.change(lab.context, ROOT, "lab", {"paused": False})
    await lab.settle()
    served = await claim_service.get(lab.context, bob, asked.claim.id)
    assert served.claim.state is ClaimState.HELD
    assert await counts(lab) == {"ready": 2, "claimed": 1}


async def test_the_preview_says_beforehand_what_the_loop_then_does(lab: Rig) -> None:
    told = await preview(lab.context, ROOT, "lab", {"warm": 5})
    assert (told.sentence, told.changes, told.notes) == ("Starts 3.", ("warm 2 → 5",), ())
    await pool_service.change(lab.context, ROOT, "lab", {"warm": 5})
    await lab.settle()
    assert await counts(lab) == {"ready": 2 + told.foreseen.starts}

    told = await preview(lab.context, ROOT, "lab", {"draining": True})
    assert told.sentence == "Retires 5."
    await pool_service.change(lab.context, ROOT, "lab", {"draining": True})
    await lab.settle()
    assert await counts(lab) == {}


async def test_a_preview_warns_while_starts_fail(lab: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(spec: Spec) -> None:
        raise Rejected("There is no image of this name.")

    monkeypatch.setattr(lab.driver, "create", refuse)
    await pool_service.change(lab.context, ROOT, "lab", {"warm": 3})
    await lab.settle(20)
    told = await preview(lab.context, ROOT, "lab", {"warm": 4})
    assert any(
        note.startswith("Starts fail at the moment and are tried more slowly: ") for note in told.notes
    )
    fewer = await preview(lab.context, ROOT, "lab", {"warm": 0})
    assert fewer.notes == ()


async def test_a_preview_without_the_backend_says_so(lab: Rig) -> None:
    lab.context.drivers.clear()  # type: ignore[attr-defined]
    told = await preview(lab.context, ROOT, "lab", {"warm": 0})
    assert told.sentence == "Retires 2."
    assert told.notes == ("The backend does not answer now, so this is told from what is stored alone.",)


async def test_a_preview_tells_whom_a_change_puts_out(lab: Rig) -> None:
    await claim_service.claim(lab.context, await lab.person("alice"), pool="lab")
    lab.clock.time += timedelta(minutes=20)
    told = await preview(lab.context, ROOT, "lab", {"enter_within": timedelta(minutes=5)})
    assert told.sentence == "Starts 1, ends 1 claim."
    assert [reason.sentence for reason, _ in told.foreseen.releases] == [
        "Nobody entered it within 5 minutes, so it was stopped."
    ]
    assert told.notes == ("People lose what they hold, or their place in the queue, for the reasons below.",)


async def test_what_people_were_promised_holds_when_the_age_is_lowered(lab: Rig) -> None:
    await claim_service.claim(lab.context, await lab.person("alice"), pool="lab")
    lab.clock.time += timedelta(minutes=20)
    told = await preview(lab.context, ROOT, "lab", {"max_age": timedelta(minutes=5)})
    assert told.foreseen.releases == ()
