"""A template is changed while people work: warm ones are replaced one after another, claims go on succeeding, nobody loses theirs."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from carrel.domain.actor import System
from carrel.domain.claim import ClaimState
from carrel.domain.workspace import Workspace
from carrel.services import claims as claim_service
from carrel.services import templates as template_service
from carrel.services.template_preview import preview, preview_of_version
from carrel.store import templates, workspaces

from .rig import TEMPLATE, Rig, a_pool, rig

ROOT = System("owner")
NEWER = {"command": ["true"], "title": "Newer"}
TOLD = (
    "4 warm ones are replaced one after another; 2 people keep theirs and are told that an update is there."
)


@pytest.fixture(params=[12, 6], ids=["with room", "at the limit"])
async def lab(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Rig]:
    """Four are warm and two are held, in a pool with room for more or none at all."""
    made = await rig(tmp_path, a_pool(warm=4, limit=request.param))
    await made.settle()
    for name in ("ada", "bob"):
        await claim_service.claim(made.context, await made.person(name), pool="lab")
    await made.settle()
    yield made
    await made.aclose()


async def rows(lab: Rig) -> Sequence[Workspace]:
    found: Sequence[Workspace] = await lab.store.read(workspaces.of_pool, lab.pool.name)
    return found


async def warm_of(lab: Rig, version: str) -> int:
    return sum(row.is_warm and row.template_version == version for row in await rows(lab))


async def replaced(lab: Rig, old: str, new: str) -> list[int]:
    """How many were warm after each pass of the loop, until no old one is."""
    seen, left = [], await warm_of(lab, old)
    for _ in range(200):
        await lab.loop.pass_once()
        await lab.loop.settled()
        lab.clock.time += timedelta(seconds=1)
        before, left = left, await warm_of(lab, old)
        assert before - left <= 1, "one after another"
        seen.append(left + await warm_of(lab, new))
        if left == 0 and seen[-1] >= 4:
            return seen
    raise AssertionError(f"Still {left} of the former version after 200 passes.")


async def held(lab: Rig) -> dict[str, str]:
    return {row.id: row.template_version for row in await rows(lab) if row.claim_id is not None}


async def test_the_warm_are_replaced_and_the_held_are_marked_and_left_alone(lab: Rig) -> None:
    before = await held(lab)
    foretold = await preview(lab.context, ROOT, "lab", NEWER)
    assert [one.replacing.sentence for one in foretold.pools] == [TOLD]
    newer = await template_service.apply(lab.context, ROOT, "lab", NEWER, TEMPLATE.version)
    seen = await replaced(lab, TEMPLATE.version, newer.version)
    assert min(seen) >= 3
    await lab.settle()
    assert await held(lab) == before
    found = (await claim_service.page(lab.context, ROOT, state=ClaimState.HELD)).items
    assert [view.has_update for view in found] == [True, True]
    assert (await warm_of(lab, newer.version), len(await rows(lab))) == (4, 6)


async def test_it_goes_back_the_same_way(lab: Rig) -> None:
    newer = await template_service.apply(lab.context, ROOT, "lab", NEWER, TEMPLATE.version)
    await lab.settle(200)
    foretold = await preview_of_version(lab.context, ROOT, "lab", TEMPLATE.version)
    assert [one.replacing.sentence for one in foretold.pools] == [
        "4 warm ones are replaced one after another."
    ]
    await template_service.roll_back(lab.context, ROOT, "lab", TEMPLATE.version, newer.version)
    assert min(await replaced(lab, newer.version, TEMPLATE.version)) >= 3
    await lab.settle()
    found = (await claim_service.page(lab.context, ROOT, state=ClaimState.HELD)).items
    assert [view.has_update for view in found] == [False, False]
    current, former = await lab.store.read(templates.history, TEMPLATE.name, 10)
    assert (current.template, current.warm, current.claimed) == (TEMPLATE, 4, 2)
    assert (former.template, former.warm, former.claimed) == (newer, 0, 0)


@pytest.mark.parametrize("after", [0, 1, 3, 6])
async def test_whoever_claims_while_it_changes_has_one_at_once(lab: Rig, after: int) -> None:
    await template_service.apply(lab.context, ROOT, "lab", NEWER, TEMPLATE.version)
    for _ in range(after):
        await lab.loop.pass_once()
        await lab.loop.settled()
        lab.clock.time += timedelta(seconds=1)
    eve = await claim_service.claim(lab.context, await lab.person("eve"), pool="lab")
    assert (eve.claim.state, eve.is_settled) == (ClaimState.HELD, True)
    await lab.settle(200)
    again = await claim_service.get(lab.context, ROOT, eve.claim.id)
    assert again.claim.state is ClaimState.HELD
    assert await warm_of(lab, TEMPLATE.version) == 0
