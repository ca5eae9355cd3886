"""Workspaces as lists: every sort in both directions, page by page, while others come, go and change."""

import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from carrel.domain.account import User
from carrel.domain.errors import Invalid
from carrel.domain.ids import WorkspaceId
from carrel.domain.pool import Pool
from carrel.domain.reason import Reason, ReasonCode
from carrel.domain.workspace import Phase, Workspace
from carrel.domain.workspace_list import Holding, Listed, Order, Sort, Wanted
from carrel.store import cursor, use, workspace_list, workspaces
from carrel.store.engine import Store

World = Any

EVERY_ORDER = [Order(by, is_descending=way) for by in Sort for way in (False, True)]


async def ids(store: Store, wanted: Wanted) -> set[WorkspaceId]:
    return {row.workspace.id for row in (await store.read(workspace_list.page, wanted, Order())).items}


class Town:
    """Two pools, three people, and workspaces of every phase; some held, some used, some promised an end."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.store: Store = world.store
        self.pools: list[Pool] = []
        self.people: list[User] = []

    async def build(self, many: int) -> list[WorkspaceId]:
        world = self.world
        self.pools = [
            await world.pool("art", limit=500, per_user=100),
            await world.pool("zoo", limit=500, per_user=100),
        ]
        self.people = [await world.user(name) for name in ("ann", "änne", "bob")]
        return [await self.one(number) for number in range(many)]

    async def one(self, number: int) -> WorkspaceId:
        world, pool = self.world, self.pools[number % 2]
        if number % 3:  # several share one moment
            world.later(7)
        if number % 4 == 0:
            [found] = await world.warm(pool)
        elif number % 4 == 1:
            found = await world.intended(pool)
        elif number % 4 == 2:
            found = await world.moved(await world.intended(pool), Phase.FAILED)
        else:
            found = await self.held(number, pool)
        if number % 5 == 0:
            await self.store.write(use.opened, found.id, world.now - timedelta(minutes=number))
        return WorkspaceId(found.id)

    async def held(self, number: int, pool: Pool) -> Workspace:
        """By whoever's turn it is; whatever was warm is taken first."""
        await self.world.warm(pool)
        taken = await self.world.take(self.people[number % 3], pool, f"c{number}")
        found = await self.store.read(workspaces.of_claim, taken.claim.id)
        assert found is not None
        if number % 7 == 0:
            await self.store.write(workspaces.extend, found.id, self.world.now + timedelta(hours=number))
        return found

    async def change(self, chance: random.Random, movable: list[WorkspaceId]) -> None:
        """One comes, one goes, one is used, one is promised another end."""
        self.world.later(3)
        await self.one(chance.randrange(1000))
        if movable:
            await self.store.write(use.opened, chance.choice(movable), self.world.now)
            later = self.world.now + timedelta(minutes=chance.randrange(600))
            await self.store.write(workspaces.extend, chance.choice(movable), later)
            await self.end(chance.choice(movable))

    async def end(self, workspace_id: WorkspaceId) -> None:
        found = await self.store.read(workspaces.get, workspace_id)
        assert found is not None
        if found.phase in (Phase.PENDING, Phase.READY, Phase.FAILED):
            stopping = await self.world.moved(found, Phase.STOPPING)
            await self.world.moved(stopping, Phase.GONE)


@pytest.fixture
async def town(world: World) -> Town:
    return Town(world)


def sorts_as(order: Order, rows: list[Listed]) -> list[Listed]:
    """What the database should have said: by value, then by id; nothing at the end."""
    values: dict[Sort, Any] = {
        Sort.CREATED_AT: lambda row: row.workspace.created_at,
        Sort.OWNER: lambda row: row.owner_name,
        Sort.POOL: lambda row: row.workspace.pool,
        Sort.PHASE: lambda row: list(Phase).index(row.workspace.phase),
        Sort.LAST_ACTIVE_AT: lambda row: row.workspace.last_active_at,
        Sort.STOPS_AT: lambda row: row.workspace.stops_at,
    }
    value = values[order.by]
    known = [row for row in rows if value(row) is not None]
    unknown = [row for row in rows if value(row) is None]
    known.sort(key=lambda row: (value(row), row.workspace.id), reverse=order.is_descending)
    unknown.sort(key=lambda row: row.workspace.id, reverse=order.is_descending)
    return [*known, *unknown]


async def test_every_order_is_the_same_page_by_page_as_at_once(town: Town, store: Store) -> None:
    await town.build(26)
    everything = list((await store.read(workspace_list.page, Wanted(), Order(), limit=200)).items)
    for order in EVERY_ORDER:
        read, after = [], None
        while True:
            found = await store.read(workspace_list.page, Wanted(), order, after, 4)
            read += found.items
            after = found.next
            if after is None:
                break
        assert read == sorts_as(order, everything), order


async def test_what_stays_is_seen_once_whatever_the_others_do(town: Town, store: Store) -> None:
    made = await town.build(24)
    staying = made[::2]
    changing = made[1::2]
    chance = random.Random(7)
    for order in EVERY_ORDER:
        seen: list[WorkspaceId] = []
        after = None
        while True:
            found = await store.read(workspace_list.page, Wanted(), order, after, chance.randint(1, 9))
            seen += [row.workspace.id for row in found.items]
            after = found.next
            if after is None:
                break
            await town.change(chance, changing)
        assert sorted(one for one in seen if one in staying) == sorted(staying), order


async def test_each_filter_leaves_what_it_says_and_they_add_up(
    world: World, town: Town, store: Store
) -> None:
    await town.build(0)
    art, zoo = town.pools
    ann, bob = town.people[0], town.people[2]
    warm, pending = (await world.warm(art))[0].id, (await world.intended(zoo)).id
    [anns] = await world.warm(zoo)
    await world.take(ann, zoo)
    [bobs] = await world.warm(zoo)
    await world.take(bob, zoo)
    gone = await world.moved(await world.intended(art), Phase.STOPPING, Phase.GONE)
    all_of_them = {warm, pending, anns.id, bobs.id, gone.id}
    cases = {
        Wanted(): all_of_them,
        Wanted(owner=ann.id): {anns.id},
        Wanted(owner_name="AN"): {anns.id},
        Wanted(owner_name="nn"): set(),
        Wanted(owner_name="%"): set(),
        Wanted(pool=zoo.name): {pending, anns.id, bobs.id},
        Wanted(phases=frozenset({Phase.PENDING, Phase.GONE})): {pending, gone.id},
        Wanted(phases=frozenset()): set(),
        Wanted(holding=Holding.WARM): {warm},
        Wanted(holding=Holding.CLAIMED): {anns.id, bobs.id},
        Wanted(text=warm[3:9].upper()): {warm},
        Wanted(text="BO"): {bobs.id} | {one for one in all_of_them if "bo" in one},  # ids are searched too
        Wanted(text="_"): set(),
        Wanted(pool=zoo.name, holding=Holding.CLAIMED, text="ann"): {anns.id}
        | ({bobs.id} if "ann" in bobs.id else set()),
    }
    for wanted, expected in cases.items():
        assert await ids(store, wanted) == expected, wanted
    listed = (await store.read(workspace_list.page, Wanted(owner=ann.id), Order())).items
    assert [row.owner_name for row in listed] == ["ann"]


async def test_a_reason_is_found_in_either_case(world: World, store: Store) -> None:
    pool = await world.pool("art")
    found = await world.intended(pool)
    await world.take(await world.user(), pool)
    await store.write(
        workspaces.move,
        found.id,
        found.version,
        Phase.FAILED,
        world.now,
        reason=Reason(ReasonCode.CRASHED, "No Space left"),
    )
    assert await ids(store, Wanted(text="no space")) == {found.id}
    assert await ids(store, Wanted(text="some space")) == set()


async def test_the_census_counts_the_live_ones_whatever_phase_is_looked_at(
    world: World, town: Town, store: Store
) -> None:
    await town.build(0)
    art, zoo = town.pools
    await world.warm(art, 2)
    await world.intended(zoo)
    await world.warm(zoo)
    await world.take(town.people[0], zoo)
    await world.moved(await world.intended(art), Phase.STOPPING, Phase.GONE)
    found = await store.read(workspace_list.census, Wanted(phases=frozenset({Phase.GONE})))
    assert found.phases == {Phase.READY: 3, Phase.PENDING: 1}
    assert (found.live, found.warm, found.claimed) == (4, 2, 1)
    only = await store.read(workspace_list.census, Wanted(pool=art.name))
    assert (only.live, only.warm, only.claimed) == (2, 2, 0)
    nothing = await store.read(workspace_list.census, Wanted(text="nothing like this"))
    assert (nothing.live, nothing.warm, nothing.claimed) == (0, 0, 0)


async def test_a_workspace_on_its_way_out_counts_as_held_no_more(
    world: World, town: Town, store: Store
) -> None:
    await town.build(0)
    [held] = await world.warm(town.pools[0])
    await world.take(town.people[0], town.pools[0])
    now = await store.read(workspaces.get, held.id)
    await world.moved(now, Phase.STOPPING)
    assert await ids(store, Wanted(holding=Holding.CLAIMED)) == set()
    [row] = (await store.read(workspace_list.page, Wanted(), Order())).items
    assert row.owner_name == "ann"


@pytest.mark.parametrize(
    "after",
    [
        cursor.pack(("owner", "ann", "x")),
        cursor.pack(("-created_at", "yesterday", "x")),
        cursor.pack(("-created_at", None)),
        cursor.pack(("-created_at", None, 3)),
        "nonsense",
    ],
)
async def test_a_cursor_of_another_order_or_of_nobody_is_refused(store: Store, after: str) -> None:
    with pytest.raises(Invalid, match="Start again at the first page"):
        await store.read(workspace_list.page, Wanted(), Order(), after)


async def test_the_longest_name_of_any_script_fits_the_cursor(world: World, store: Store) -> None:
    pool = await world.pool("art", limit=9, per_user=9)
    user = await world.user("名" * 100)
    for number in range(2):
        await world.warm(pool)
        await world.take(user, pool, f"c{number}")
    order = Order(Sort.OWNER, is_descending=False)
    first = await store.read(workspace_list.page, Wanted(), order, None, 1)
    assert first.next is not None
    assert len(first.next) < 600
    rest = await store.read(workspace_list.page, Wanted(), order, first.next, 1)
    assert {row.workspace.id for row in (*first.items, *rest.items)} == await ids(store, Wanted())
    assert replace(first.items[0], workspace=rest.items[0].workspace) == rest.items[0]
