"""Whatever happens in whatever order: the counters say what the rows say, no limit is passed, and nothing has two holders."""

from collections import Counter
from typing import Any

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from carrel.domain.claim import ClaimState
from carrel.domain.errors import Exhausted
from carrel.domain.pool import Pool
from carrel.domain.reason import Reason, ReasonCode
from carrel.domain.workspace import TRANSITIONS, Phase
from carrel.store import claims, pools, schema, workspaces
from carrel.store.engine import Store

World = Any

LIMIT, PER_USER, PEOPLE = 4, 2, 3
BACK = Reason(ReasonCode.RELEASED, "You gave it back.")

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("take"), st.integers(0, PEOPLE - 1), st.sampled_from(["a", "b", "c"])),
        st.tuples(st.just("intend")),
        st.tuples(st.just("move"), st.integers(0, 5), st.integers(0, 4)),
        st.tuples(st.just("release"), st.integers(0, 5)),
        st.tuples(st.just("unassign"), st.integers(0, 5)),
        st.tuples(st.just("assign")),
    ),
    max_size=40,
)


class History:
    """One pool of its own for one sequence of steps, and what must hold after each."""

    def __init__(self, world: World, pool: Pool, people: list[Any]) -> None:
        self.world, self.pool, self.people = world, pool, people
        self.store: Store = world.store

    async def step(self, step: tuple[Any, ...]) -> None:
        self.world.later()
        verb, *details = step
        await getattr(self, verb)(*details)
        await self.store.read(self.check)

    async def take(self, person: int, name: str) -> None:
        try:
            taken = await self.world.take(self.people[person], self.pool, name)
        except Exhausted:
            return
        if taken.claim.state is ClaimState.WAITING:
            warm = [row for row in await self.rows() if row.is_warm]
            assert not warm, "refused falsely"

    async def intend(self) -> None:
        full = len(await self.rows()) >= LIMIT
        assert await self.store.write(workspaces.intend, self.world.pending(self.pool)) is not full

    async def move(self, which: int, where: int) -> None:
        rows = await self.rows()
        if rows:
            row = rows[which % len(rows)]
            roads = sorted(TRANSITIONS[row.phase])
            await self.store.write(
                workspaces.move, row.id, row.version, Phase(roads[where % len(roads)]), self.world.now
            )

    async def release(self, which: int) -> None:
        found = await self.live_claims()
        if found:
            await self.store.write(claims.release, found[which % len(found)].id, BACK, self.world.now)

    async def unassign(self, which: int) -> None:
        found = await self.live_claims()
        if found:
            await self.store.write(claims.unassign, found[which % len(found)].id, self.world.now)

    async def assign(self) -> None:
        await self.store.write(claims.assign, self.pool.name, self.world.now)
        waits = any(claim.state is ClaimState.WAITING for claim in await self.live_claims())
        assert not (waits and any(row.is_warm for row in await self.rows()))

    async def rows(self) -> list[Any]:
        return await self.store.read(workspaces.of_pool, self.pool.name)

    async def live_claims(self) -> list[Any]:
        return await self.store.read(claims.live, self.pool.name)

    def check(self, conn: Connection) -> None:
        rows, live = workspaces.of_pool(conn, self.pool.name), claims.live(conn, self.pool.name)
        assert pools.live(conn, self.pool.name) == len(rows) <= LIMIT
        counts = pools.counts(conn)[self.pool.name]
        assert counts.ready + counts.starting + counts.claimed + counts.stopping + counts.failed == len(rows)
        assert counts.waiting == sum(claim.state is ClaimState.WAITING for claim in live)
        used = sa.select(schema.holdings.c.user_id, schema.holdings.c.used).where(
            schema.holdings.c.pool == self.pool.name, schema.holdings.c.used > 0
        )
        assert {row.user_id: row.used for row in conn.execute(used)} == Counter(
            claim.user_id for claim in live
        )
        assert all(one <= PER_USER for one in Counter(claim.user_id for claim in live).values())
        for claim in live:
            assert (claim.workspace_id is not None) == (claim.state is ClaimState.HELD)
        holders = {row.claim_id: row.id for row in rows if row.claim_id}
        assert len(holders) == sum(row.claim_id is not None for row in rows)


@given(steps=STEPS)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_counters_never_drift(world: World, steps: list[tuple[Any, ...]]) -> None:
    pool = await world.pool(limit=LIMIT, per_user=PER_USER)
    history = History(world, pool, [await world.user() for _ in range(PEOPLE)])
    for step in steps:
        await history.step(step)
