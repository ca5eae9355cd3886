"""What is long over is forgotten in batches; what lives, and what it names, never."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from carrel.domain.claim import Claim
from carrel.domain.ids import ClaimId
from carrel.domain.reason import Reason, ReasonCode
from carrel.domain.workspace import Phase, Workspace
from carrel.store import audit, claims, events, history, schema, workspaces
from carrel.store.engine import Store

from .conftest import World

RELEASED = Reason(ReasonCode.RELEASED, "You gave it back.")
DAY = 24 * 3600


async def used_up(world: World) -> tuple[Workspace, ClaimId]:
    """Claimed, released and gone."""
    pool = await world.pool()
    await world.warm(pool)
    claim = (await world.take(await world.user(), pool)).claim
    assert claim.workspace_id is not None
    await world.store.write(claims.release, claim.id, RELEASED, world.now)
    row = await world.store.read(workspaces.get, claim.workspace_id)
    assert row is not None
    return await world.moved(row, Phase.GONE), claim.id


async def counted(store: Store) -> dict[str, int]:
    tables = (schema.workspaces, schema.claims, schema.events, schema.audit)

    def count(conn: sa.Connection) -> dict[str, int]:
        return {
            table.name: conn.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in tables
        }

    return await store.read(count)


async def forgotten(world: World, before: datetime, most: int = 200) -> list[int]:
    batches = []
    while many := await world.store.write(history.forget, before, most):
        batches.append(many)
    return batches


async def test_a_workspace_goes_with_its_claim_and_their_timelines(world: World) -> None:
    workspace, claim_id = await used_up(world)
    await world.store.write(audit.add, world.now, "root", "stop", f"workspace:{workspace.id}")
    world.later(DAY)
    assert await forgotten(world, world.now) == [3]
    assert await counted(world.store) == {"workspaces": 0, "claims": 0, "events": 0, "audit": 0}
    assert await world.store.read(claims.get, claim_id) is None


async def test_nothing_goes_before_its_time(world: World) -> None:
    await used_up(world)
    before = await counted(world.store)
    assert await forgotten(world, world.now - timedelta(seconds=1)) == []
    assert await counted(world.store) == before


async def test_what_lives_stays_however_old(world: World) -> None:
    pool = await world.pool(limit=20, per_user=5)
    await world.warm(pool, 2)
    user = await world.user()
    held: Claim = (await world.take(user, pool)).claim
    waiting_pool = await world.pool()
    waiting = (await world.take(user, waiting_pool)).claim
    stopping = await world.moved(await world.intended(pool), Phase.STARTING, Phase.STOPPING)
    failed = await world.moved(await world.intended(pool), Phase.FAILED)
    before = await counted(world.store)
    world.later(400 * DAY)
    assert await forgotten(world, world.now) == []
    assert await counted(world.store) == before
    assert held.workspace_id is not None
    for row in (stopping.id, failed.id, held.workspace_id):
        assert await world.store.read(events.of_workspace, row)
    assert await world.store.read(claims.get, waiting.id) is not None


async def test_a_released_claim_stays_as_long_as_its_workspace_is_there(world: World) -> None:
    pool = await world.pool()
    await world.warm(pool)
    claim = (await world.take(await world.user(), pool)).claim
    await world.store.write(claims.release, claim.id, RELEASED, world.now)
    world.later(400 * DAY)
    assert await forgotten(world, world.now) == []
    assert await world.store.read(claims.get, claim.id) is not None


async def test_a_claim_that_left_the_queue_goes_alone(world: World) -> None:
    claim = (await world.take(await world.user(), await world.pool())).claim
    await world.store.write(claims.release, claim.id, RELEASED, world.now)
    world.later()
    assert await forgotten(world, world.now) == [1]
    assert (await counted(world.store))["events"] == 0


async def test_batches_are_small_and_end(world: World) -> None:
    for _ in range(5):
        await used_up(world)
        await world.store.write(audit.add, world.now, "root", "look", "pool:lab")
    world.later()
    batches = await forgotten(world, world.now, 2)
    assert sum(batches) == 15
    assert max(batches) <= 6


async def test_the_audit_of_late_is_kept(world: World) -> None:
    await world.store.write(audit.add, world.now, "root", "look", "old")
    world.later(DAY)
    await world.store.write(audit.add, world.now, "root", "look", "new")
    await forgotten(world, world.now - timedelta(hours=1))
    page = await world.store.read(audit.page)
    assert [entry.target for entry in page.items] == ["new"]


@pytest.mark.parametrize("phase", [Phase.READY, Phase.STOPPING, Phase.FAILED])
async def test_the_statement_itself_spares_what_is_not_gone(world: World, phase: Phase) -> None:
    """Whatever the rows say of when: the phase decides."""
    pool = await world.pool()
    row = (await world.warm(pool))[0]
    if phase is not Phase.READY:
        row = await world.moved(row, phase)

    def claim_it_is_gone(conn: sa.Connection) -> None:
        conn.execute(sa.update(schema.workspaces).values(gone_at=world.now))

    await world.store.write(claim_it_is_gone)
    assert await forgotten(world, world.later()) == []
