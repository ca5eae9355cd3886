"""What a person gives back goes on for a moment; the loop ends it in time, and not if they change their mind."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from carrel.domain.actor import Person, Role, System
from carrel.domain.claim import ClaimState
from carrel.domain.errors import Conflict, NotFound
from carrel.domain.ids import ClaimId
from carrel.domain.workspace import Phase
from carrel.mint import new_id
from carrel.rules.expire import UNDO_FOR
from carrel.services import audit, claims, giving_back, workspaces
from carrel.services.claims import ClaimView

from .rig import Rig, a_pool, rig


@pytest.fixture
async def small(tmp_path: Path) -> AsyncIterator[Rig]:
    made = await rig(tmp_path, a_pool(warm=1, limit=3, per_user=1, max_age=timedelta(hours=12)))
    await made.settle()
    yield made
    await made.aclose()


async def _given_back(small: Rig) -> tuple[Person, ClaimView]:
    alice = await small.person("alice")
    held = await claims.claim(small.context, alice, pool="lab")
    view = await giving_back.give_back(small.context, alice, held.claim.id)
    assert view.claim.release_at == small.clock.now() + UNDO_FOR
    return alice, view


async def _state(small: Rig, claim_id: ClaimId) -> ClaimState:
    return (await claims.get(small.context, System(), claim_id)).claim.state


async def test_it_goes_on_until_then_and_ends_then(small: Rig) -> None:
    alice, view = await _given_back(small)
    await small.loop.pass_once()
    await small.loop.settled()
    assert await _state(small, view.claim.id) is ClaimState.HELD
    small.clock.time += UNDO_FOR
    await small.settle()
    ended = await claims.get(small.context, alice, view.claim.id)
    assert (ended.claim.state, ended.claim.reason) == (ClaimState.RELEASED, "You gave it back.")
    assert ended.workspace is not None
    assert ended.workspace.phase is Phase.GONE
    told = [entry.action for entry in (await audit.page(small.context, System())).items]
    assert told[:2] == ["give_back", "claim"]


async def test_the_loop_looks_again_when_it_is_time(small: Rig) -> None:
    await _given_back(small)
    await small.settle(passes=3)
    small.clock.time += UNDO_FOR - timedelta(seconds=5)
    soon = await small.loop.pass_once()
    assert soon is not None
    assert 0 < soon <= 5


async def test_whoever_undoes_it_keeps_it(small: Rig) -> None:
    alice, view = await _given_back(small)
    kept = await giving_back.undo(small.context, alice, view.claim.id)
    assert kept.claim.release_at is None
    small.clock.time += 2 * UNDO_FOR
    await small.settle()
    assert await _state(small, view.claim.id) is ClaimState.HELD
    await giving_back.undo(small.context, alice, view.claim.id)


async def test_asking_again_or_for_more_time_keeps_it_too(small: Rig) -> None:
    alice, view = await _given_back(small)
    again = await claims.claim(small.context, alice, pool="lab")
    assert (again.claim.id, again.claim.release_at) == (view.claim.id, None)
    await giving_back.give_back(small.context, alice, view.claim.id)
    assert view.workspace is not None
    await workspaces.extend(small.context, alice, view.workspace.id, 1)
    assert (await claims.get(small.context, alice, view.claim.id)).claim.release_at is None


async def test_too_late_is_said_with_what_to_do(small: Rig) -> None:
    alice, view = await _given_back(small)
    small.clock.time += UNDO_FOR
    await small.settle()
    with pytest.raises(Conflict, match="released already"):
        await giving_back.undo(small.context, alice, view.claim.id)


async def test_what_waits_leaves_the_queue_at_once(small: Rig) -> None:
    alice, bob = await small.person("alice"), await small.person("bob")
    await claims.claim(small.context, alice, pool="lab")
    waiting = await claims.claim(small.context, bob, pool="lab")
    assert waiting.claim.state is ClaimState.WAITING
    left = await giving_back.give_back(small.context, bob, waiting.claim.id)
    assert left.claim.state is ClaimState.RELEASED


async def test_an_admins_word_about_somebody_elses_holds_at_once(small: Rig) -> None:
    alice = await small.person("alice")
    held = await claims.claim(small.context, alice, pool="lab")
    root = Person((await small.person("root")).user_id, "root", Role.ADMIN, alice.session_id)
    ended = await giving_back.give_back(small.context, root, held.claim.id)
    assert (ended.claim.state, ended.claim.reason) == (ClaimState.RELEASED, "An administrator stopped it.")


async def test_nobody_gives_back_or_keeps_what_is_somebody_elses(small: Rig) -> None:
    _, view = await _given_back(small)
    eve = await small.person("eve")
    for asked in (view.claim.id, ClaimId(new_id())):
        with pytest.raises(NotFound):
            await giving_back.give_back(small.context, eve, asked)
        with pytest.raises(NotFound):
            await giving_back.undo(small.context, eve, asked)


async def test_more_time_given_by_an_admin_takes_nobodys_word_back(small: Rig) -> None:
    alice, view = await _given_back(small)
    assert view.workspace is not None
    await workspaces.extend(small.context, System(), view.workspace.id, 1)
    assert (await claims.get(small.context, alice, view.claim.id)).claim.release_at is not None
