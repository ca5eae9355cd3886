"""What admins look for: people by name and kind, entries of the audit by who, what and to whom; and that some admin is always left."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection

from carrel.domain.account import User
from carrel.domain.actor import Role
from carrel.domain.ids import TemplateName, UserId
from carrel.domain.template import Template
from carrel.mint import new_id
from carrel.store import audit, codes, templates, users, workspace_list
from carrel.store.engine import Store

World = Any


async def called(store: Store, name: str, display_name: str, world: World, role: Role = Role.USER) -> User:
    user = User(UserId(new_id()), name, display_name, role, world.now)
    await store.write(users.add, user)
    return user


async def test_people_are_found_by_name_and_kind(world: World, store: Store) -> None:
    await called(store, "ada", "Lady Lovelace", world)
    await called(store, "adam", "Adam", world, Role.ADMIN)
    bob = await called(store, "bob", "Roberta", world)
    await called(store, "a_b", "Underscore", world)
    await store.write(users.disable, bob.id, world.now)

    async def names(**sought: Any) -> list[str]:
        return [user.name for user in (await store.read(users.page, **sought)).items]

    assert await names() == ["a_b", "ada", "adam", "bob"]
    assert await names(name="ada") == ["ada"]
    assert await names(name="ad") == []
    assert await names(text="ada") == ["ada", "adam"]
    assert await names(text="lovelace") == ["ada"]
    assert await names(text="a_") == ["a_b"]
    assert await names(text="%") == []
    assert await names(role=Role.ADMIN) == ["adam"]
    assert await names(is_disabled=True) == ["bob"]
    assert await names(is_disabled=False, role=Role.USER) == ["a_b", "ada"]
    first = await store.read(users.page, text="ada", limit=1)
    rest = await store.read(users.page, text="ada", limit=1, after=first.next)
    assert [user.name for user in (*first.items, *rest.items)] == ["ada", "adam"]
    assert rest.next is None


async def test_people_are_listed_with_what_they_have_now(world: World, store: Store) -> None:
    pool = await world.pool(per_user=5)
    ann, bob = await world.user("ann"), await world.user("bob")
    await world.warm(pool, 3)
    for user, name in ((ann, "a"), (ann, "b"), (bob, "a")):
        await world.take(user, pool, name)
    found = await store.read(users.with_live)
    assert [(user.name, live) for user, live in found.items] == [("ann", 2), ("bob", 1)]
    assert await store.read(users.names, [ann.id, bob.id, UserId(new_id())]) == {ann.id: "ann", bob.id: "bob"}
    assert await store.read(users.names, []) == {}


async def test_a_password_can_be_dropped(world: World, store: Store) -> None:
    ann = await world.user("ann")
    assert not await store.read(users.has_password, ann.id)
    await store.write(users.put_password, ann.id, "hash")
    assert await store.read(users.has_password, ann.id)
    await store.write(users.drop_password, ann.id)
    assert not await store.read(users.has_password, ann.id)
    assert await store.read(users.password_of, "ann") is None


async def test_a_code_given_out_for_somebody_can_be_withdrawn(world: World, store: Store) -> None:
    later = world.later(60)
    for code, whose in (("one", "ann"), ("two", "ann"), ("three", "bob")):
        await store.write(codes.add, code, "invitation", whose, later)
    await store.write(codes.withdraw, "invitation", "ann")
    now = world.now.replace(year=2025)
    assert await store.write(codes.take, "one", "invitation", now) is None
    assert await store.write(codes.take, "three", "invitation", now) == "bob"


async def test_two_admins_cannot_unmake_one_another_at_once(world: World, replicas: list[Store]) -> None:
    """Each sees the other as the one who is left, unless they take turns."""
    store = replicas[0]
    one, two = await world.user("ann", Role.ADMIN), await world.user("bob", Role.ADMIN)

    def unmake(conn: Connection, user_id: UserId) -> bool:
        users.admins(conn)
        users.set_role(conn, user_id, Role.USER)
        if not users.admins(conn):
            raise LookupError
        return True

    answers = await asyncio.gather(
        *(replica.write(unmake, user.id) for replica, user in zip(replicas, (one, two), strict=False)),
        return_exceptions=True,
    )
    assert sorted(map(str, answers)) == ["", "True"]
    assert len(await store.write(users.admins)) == 1


async def test_a_disabled_admin_counts_for_nothing(world: World, store: Store) -> None:
    ann = await world.user("ann", Role.ADMIN)
    await world.user("bob")
    assert await store.write(users.admins) == [ann.id]
    await store.write(users.disable, ann.id, world.now)
    assert await store.write(users.admins) == []


async def test_the_trail_is_searched_by_who_what_and_to_whom(world: World, store: Store) -> None:
    ann = await world.user("ann")
    entries = [
        ("grace", "set_role", f"user:{ann.id}", "admin"),
        ("grace (token taaaaaaaaaaaaaaa)", "stop", "workspace:waaaaaaaaaaaaaaa", "100% full"),
        ("gracelyn", "change", "pool:lab", "warm 3"),
        ("system", "change", "pool:labs", ""),
    ]
    for actor, action, target, detail in entries:
        await store.write(audit.add, world.later(), actor, action, target, detail)

    async def found(**sought: Any) -> list[int]:
        rows = (await store.read(audit.page, **sought)).items
        return [entries.index((row.actor, row.action, row.target, row.detail)) for row in rows]

    assert await found() == [3, 2, 1, 0]
    assert await found(actor="grace") == [1, 0]
    assert await found(action="change") == [3, 2]
    assert await found(target="pool:lab") == [3, 2]
    assert await found(target="workspace:") == [1]
    assert await found(text="WARM") == [2]
    assert await found(text="100%") == [1]
    assert await found(text="_") == [0]
    assert await found(text="ann") == [0], "by the name of whom it was done to"
    assert await found(actor="grace", action="stop", target="workspace:", text="full") == [1]
    first = await store.read(audit.page, actor="grace", limit=1)
    rest = await store.read(audit.page, actor="grace", limit=1, after=first.next)
    assert [row.action for row in (*first.items, *rest.items)] == ["stop", "set_role"]
    assert [row.target_name for row in (*first.items, *rest.items)] == [None, "ann"]


async def test_many_recipes_are_read_at_once(world: World, store: Store) -> None:
    old = Template(TemplateName("lab"), ("lab",), version="1")
    new, other = replace(old, version="2", title="New"), replace(old, name=TemplateName("r"), version="1")
    for template in (old, new, other):
        await store.write(templates.put, template, world.now)
    wanted = [("lab", "1"), ("lab", "2"), ("lab", "2"), ("nothing", "1")]
    assert await store.read(templates.versions, wanted) == {("lab", "1"): old, ("lab", "2"): new}
    assert await store.read(templates.versions, []) == {}


@pytest.mark.parametrize("many", [0, 3])
async def test_some_workspaces_are_read_by_id(world: World, store: Store, many: int) -> None:
    pool = await world.pool(limit=20)
    made = [await world.intended(pool) for _ in range(many + 1)]
    chosen = [one.id for one in made[:many]]
    found = await store.read(workspace_list.some, [*chosen, *chosen, new_id()])
    assert {row.workspace.id for row in found} == set(chosen)
