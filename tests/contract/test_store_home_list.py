"""Homes as they are looked at and looked after, on both engines."""

import asyncio
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection

from carrel.domain.home import Home
from carrel.domain.ids import HomeId, UserId, WorkspaceId
from carrel.mint import new_id
from carrel.store import events, home_list, homes, schema, users
from carrel.store.engine import Store

World = Any
DAY = timedelta(days=1)


async def kept(store: Store, world: World, user: UserId, name: str) -> Home:
    return await store.write(homes.ensure, HomeId(new_id()), user, name, world.now)


async def put(store: Store, home: Home, **values: object) -> None:
    statement = schema.homes.update().where(schema.homes.c.id == home.id).values(**values)
    await store.write(lambda conn: conn.execute(statement))


async def test_a_list_is_by_name_with_the_deleted_ones_last(world: World, store: Store) -> None:
    ann = await world.user()
    made = {name: await kept(store, world, ann.id, name) for name in ("c", "a", "d", "b")}
    for name in ("d", "a"):
        assert await store.write(homes.delete, made[name].id, world.later())
    found = await store.read(home_list.of_user, ann.id)
    assert [one.home.name.partition("~")[0] for one in found] == ["b", "c", "d", "a"]
    assert await store.write(home_list.count, ann.id) == home_list.Count(kept=2, deleted=2)


async def test_each_says_what_has_it(world: World, store: Store) -> None:
    ann, pool = await world.user(), await world.pool("lab")
    home, other = [await kept(store, world, ann.id, name) for name in ("a", "b")]
    claim = (await world.take(ann, pool)).claim
    named = schema.claims.update().where(schema.claims.c.id == claim.id).values(home_id=home.id)
    await store.write(lambda conn: conn.execute(named))
    found = await store.read(home_list.get, home.id)
    assert found is not None
    assert (found.pool, found.claim_id, found.claim_name) == ("lab", claim.id, "default")
    [warm] = await world.warm(pool)
    await put(store, other, workspace_id=warm.id)
    found = await store.read(home_list.get, other.id)
    assert found is not None
    assert (found.pool, found.claim_id) == ("lab", None)
    assert await store.read(home_list.get, HomeId(new_id())) is None


async def test_what_was_deleted_long_enough_ago_is_removed_for_good(world: World, store: Store) -> None:
    ann = await world.user()
    home = await kept(store, world, ann.id, "thesis")
    deleted = await store.write(homes.delete, home.id, world.now)
    assert deleted
    early, late = world.now - DAY, world.now + DAY
    assert await store.read(home_list.removable, early, 10) == []
    assert await store.read(home_list.removable, late, 10, leave_out=[home.id]) == []
    assert [one.id for one in await store.read(home_list.removable, late, 10)] == [home.id]
    assert not await store.write(home_list.begin_removal, home.id, early)
    assert await store.write(home_list.begin_removal, home.id, late)
    assert await store.write(homes.restore, home.id) is None
    assert [one.id for one in await store.read(home_list.removable, late, 10)] == [home.id]
    assert await store.write(home_list.remove, home.id)
    assert await store.read(home_list.get, home.id) is None
    assert not await store.write(home_list.begin_removal, home.id, late)


async def test_a_row_that_a_former_workspace_names_stays_without_files(world: World, store: Store) -> None:
    ann, pool = await world.user(), await world.pool()
    home = await kept(store, world, ann.id, "thesis")
    [warm] = await world.warm(pool)
    names_it = schema.workspaces.update().where(schema.workspaces.c.id == warm.id).values(home_id=home.id)
    await store.write(lambda conn: conn.execute(names_it))
    await put(store, home, place="here")
    await store.write(homes.delete, home.id, world.now)
    late = world.now + DAY
    assert await store.write(home_list.begin_removal, home.id, late)
    assert [one.id for one in await store.read(home_list.removable, late, 10)] == [home.id]
    assert not await store.write(home_list.remove, home.id)
    assert await store.read(home_list.removable, late, 10) == []
    forgotten = schema.workspaces.update().where(schema.workspaces.c.id == warm.id).values(home_id=None)
    await store.write(lambda conn: conn.execute(forgotten))
    assert [one.id for one in await store.read(home_list.removable, late, 10)] == [home.id]
    assert await store.write(home_list.remove, home.id)


async def test_those_never_measured_come_first_and_what_is_fresh_not_at_all(
    world: World, store: Store
) -> None:
    ann = await world.user()
    never, fresh, stale, used, inside, elsewhere, nowhere = [
        await kept(store, world, ann.id, name) for name in "abcdefg"
    ]
    now = world.now
    for home in (never, fresh, stale, used, inside, nowhere):
        await put(store, home, place="here")
    await put(store, elsewhere, place="there")
    await put(store, fresh, measured_at=now, used_at=now - DAY)
    await put(store, stale, measured_at=now - 3 * DAY)
    await put(store, used, measured_at=now - DAY / 2, used_at=now)
    await put(store, inside, measured_at=now - DAY / 2, used_at=now, workspace_id=WorkspaceId(new_id()))
    await store.write(homes.delete, nowhere.id, now)
    found = await store.read(home_list.measurable, {"here"}, now - DAY, 10)
    assert [one.id for one in found] == [never.id, stale.id, used.id]
    found = await store.read(home_list.measurable, {"here"}, now - DAY, 1, leave_out=[never.id])
    assert [one.id for one in found] == [stale.id]
    assert await store.read(home_list.measurable, set(), now, 10) == []


async def test_restoring_and_removing_at_once_never_both_succeed(world: World, replicas: list[Store]) -> None:
    one, other, *_ = replicas
    ann = await world.user()
    for number in range(10):
        home = await kept(one, world, ann.id, f"home-{number}")
        await one.write(homes.delete, home.id, world.now)
        began, restored = await asyncio.gather(
            one.write(home_list.begin_removal, home.id, world.now + DAY),
            other.write(homes.restore, home.id),
        )
        assert began is (restored is None)


async def test_what_others_did_with_a_home_is_told_once_and_briefly(world: World, store: Store) -> None:
    ann = await world.user()
    home = await kept(store, world, ann.id, "thesis")
    for sentence in ("one", "one", "other"):
        await store.write(
            lambda conn, said: events.about_home(conn, world.later(), "downloaded", said, home_id=home.id),
            sentence,
        )
    told = (await store.read(events.of_homes, [home.id]))[home.id]
    assert [event.sentence for event in told] == ["one", "other"]
    for number in range(3 * events.HOME_LINES):
        await store.write(
            lambda conn, said: events.about_home(conn, world.later(), "downloaded", said, home_id=home.id),
            str(number),
        )
    told = (await store.read(events.of_homes, [home.id]))[home.id]
    assert len(told) <= 2 * events.HOME_LINES
    await store.write(events.forget_home, home.id)
    assert await store.read(events.of_homes, [home.id]) == {}


async def test_two_that_are_given_one_name_at_once_do_not_both_have_it(
    world: World, replicas: list[Store]
) -> None:
    one, other, *_ = replicas
    ann = await world.user()

    def named(conn: Connection, home_id: HomeId, name: str) -> bool:
        users.hold(conn, ann.id)
        return homes.rename(conn, home_id, name) is not None

    for number in range(5):
        mine = [await kept(one, world, ann.id, f"{letter}-{number}") for letter in "ab"]
        took = await asyncio.gather(
            one.write(named, mine[0].id, f"same-{number}"), other.write(named, mine[1].id, f"same-{number}")
        )
        assert sorted(took) == [False, True]


async def test_nobody_has_more_than_they_may_however_many_ask_at_once(
    world: World, replicas: list[Store]
) -> None:
    ann = await world.user()

    def another(conn: Connection, name: str) -> bool:
        if home_list.count(conn, ann.id).kept >= 3:
            return False
        homes.ensure(conn, HomeId(new_id()), ann.id, name, world.now)
        return True

    made = await asyncio.gather(
        *(replica.write(another, f"home-{number}") for number, replica in enumerate([*replicas, *replicas]))
    )
    assert sum(made) == 3
