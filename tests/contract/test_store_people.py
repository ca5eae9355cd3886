"""People, their sessions, tokens, codes and homes: nothing of a disabled person lives on, nothing one-time works twice."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from carrel.domain.account import Session, Token, User
from carrel.domain.actor import Role, Scope
from carrel.domain.errors import Conflict
from carrel.domain.ids import HomeId, SessionId, TokenId, UserId
from carrel.mint import new_id
from carrel.store import codes, homes, sessions, tokens, users
from carrel.store.engine import Store

World = Any
DAY = timedelta(days=1)


def _session(user: User, now: datetime) -> Session:
    return Session(SessionId(new_id()), user.id, now, now + DAY)


def _token(user: User, now: datetime, expires_at: datetime | None = None) -> Token:
    scopes = frozenset({Scope.READ, Scope.USE})
    return Token(TokenId(new_id()), user.id, "script", scopes, now, expires_at)


async def test_a_person_is_found_by_id_and_by_name(world: World, store: Store) -> None:
    user = await world.user("ann", Role.ADMIN)
    assert await store.read(users.get, user.id) == user
    assert await store.read(users.by_name, "ann") == user
    assert await store.read(users.by_name, "bob") is None
    assert await store.read(users.get, UserId(new_id())) is None
    assert await store.read(users.count) == 1


async def test_a_name_belongs_to_one_person(world: World, store: Store) -> None:
    first = await world.user("ann")
    with pytest.raises(Conflict, match="already somebody called 'ann'"):
        await world.user("ann")
    assert await store.read(users.by_name, "ann") == first


async def test_people_are_listed_by_name_page_by_page(world: World, store: Store) -> None:
    for name in ("dora", "ann", "cid", "bob"):
        await world.user(name)
    first = await store.read(users.page, limit=3)
    rest = await store.read(users.page, after=first.next, limit=3)
    assert [user.name for user in (*first.items, *rest.items)] == ["ann", "bob", "cid", "dora"]
    assert rest.next is None


async def test_a_password_is_replaced_and_found_by_name(world: World, store: Store) -> None:
    user = await world.user("ann")
    assert await store.read(users.password_of, "ann") is None
    await store.write(users.put_password, user.id, "first")
    await store.write(users.put_password, user.id, "second")
    assert await store.read(users.password_of, "ann") == (user, "second")
    assert await store.read(users.password_of, "bob") is None


async def test_role_and_last_sight_are_kept(world: World, store: Store) -> None:
    user = await world.user()
    await store.write(users.set_role, user.id, Role.ADMIN)
    await store.write(users.seen, user.id, world.later())
    assert await store.read(users.get, user.id) == replace(user, role=Role.ADMIN, last_seen_at=world.now)


async def test_a_session_is_found_by_its_hash_until_it_ends_or_runs_out(world: World, store: Store) -> None:
    user = await world.user()
    session = _session(user, world.now)
    await store.write(sessions.add, session, "hash")
    assert await store.read(sessions.find, "hash", world.now) == (session, user)
    assert await store.read(sessions.live, session.id, world.now) == (session, user)
    assert await store.read(sessions.find, "hash", session.expires_at) is None
    assert await store.read(sessions.find, "other", world.now) is None
    await store.write(sessions.end, session.id, world.now)
    assert await store.read(sessions.find, "hash", world.now) is None
    assert await store.read(sessions.live, session.id, world.now) is None


async def test_ending_all_names_those_that_were_still_good(world: World, store: Store) -> None:
    user, other = await world.user(), await world.user()
    old, one, two = (_session(user, at) for at in (world.now - 2 * DAY, world.now, world.now))
    foreign = _session(other, world.now)
    for number, session in enumerate((old, one, two, foreign)):
        await store.write(sessions.add, session, f"hash{number}")
    assert await store.write(sessions.end_all, user.id, world.now) == sorted([one.id, two.id])
    assert await store.write(sessions.end_all, user.id, world.now) == []
    assert await store.read(sessions.live, foreign.id, world.now) == (foreign, other)


async def test_ending_the_others_keeps_the_one(world: World, store: Store) -> None:
    user, other = await world.user(), await world.user()
    kept, one, foreign = _session(user, world.now), _session(user, world.now), _session(other, world.now)
    for number, session in enumerate((kept, one, foreign)):
        await store.write(sessions.add, session, f"hash{number}")
    assert await store.write(sessions.end_others, user.id, kept.id, world.now) == [one.id]
    assert await store.read(sessions.live, kept.id, world.now) == (kept, user)
    assert await store.read(sessions.live, foreign.id, world.now) == (foreign, other)
    assert await store.read(sessions.live, one.id, world.now) is None


async def test_sessions_that_ran_out_long_ago_are_forgotten_and_no_others(world: World, store: Store) -> None:
    user = await world.user()
    old, new = (_session(user, at) for at in (world.now - 100 * DAY, world.now))
    for number, session in enumerate((old, new)):
        await store.write(sessions.add, session, f"hash{number}")
    await store.write(sessions.forget, world.now - 30 * DAY)
    assert await store.read(sessions.live, new.id, world.now) == (new, user)
    assert await store.read(sessions.live, old.id, old.created_at) is None


async def test_a_token_is_found_by_its_hash_until_it_is_revoked_or_runs_out(
    world: World, store: Store
) -> None:
    user = await world.user()
    eternal, short = _token(user, world.now), _token(user, world.now, world.now + DAY)
    await store.write(tokens.add, eternal, "eternal")
    await store.write(tokens.add, short, "short")
    assert await store.read(tokens.find, "eternal", world.now + 999 * DAY) == (eternal, user)
    assert await store.read(tokens.find, "short", world.now) == (short, user)
    assert await store.read(tokens.find, "short", world.now + DAY) is None
    await store.write(tokens.used, eternal.id, world.later())
    await store.write(tokens.revoke, short.id, world.now)
    assert await store.read(tokens.find, "short", world.now) is None
    listed = {token.id: token for token in await store.read(tokens.of_user, user.id)}
    assert listed == {
        eternal.id: replace(eternal, last_used_at=world.now),
        short.id: replace(short, revoked_at=world.now),
    }


async def test_nothing_of_a_disabled_person_is_found_any_more(world: World, store: Store) -> None:
    user, other = await world.user(), await world.user()
    session, token, foreign = _session(user, world.now), _token(user, world.now), _token(other, world.now)
    await store.write(sessions.add, session, "s")
    await store.write(tokens.add, token, "t")
    await store.write(tokens.add, foreign, "f")
    disabled = await store.write(users.disable, user.id, world.later())
    assert disabled == replace(user, disabled_at=world.now)
    assert await store.write(users.disable, user.id, world.now + DAY) == disabled
    assert await store.read(sessions.find, "s", world.now) is None
    assert await store.read(sessions.live, session.id, world.now) is None
    assert await store.read(tokens.find, "t", world.now) is None
    assert [each.revoked_at for each in await store.read(tokens.of_user, user.id)] == [world.now]
    assert await store.read(tokens.find, "f", world.now) == (foreign, other)
    assert await store.write(users.disable, UserId(new_id()), world.now) is None


async def test_a_session_begun_after_the_person_was_disabled_is_dead_too(world: World, store: Store) -> None:
    user = await world.user()
    await store.write(users.disable, user.id, world.now)
    late, script = _session(user, world.now), _token(user, world.now)
    await store.write(sessions.add, late, "s")
    await store.write(tokens.add, script, "t")
    assert await store.read(sessions.find, "s", world.now) is None
    assert await store.read(sessions.live, late.id, world.now) is None
    assert await store.read(tokens.find, "t", world.now) is None


async def test_a_code_works_once_for_its_kind_and_in_time(world: World, store: Store) -> None:
    soon = world.now + timedelta(minutes=1)
    await store.write(codes.add, "hash", "sign-in", "ann", soon)
    assert await store.write(codes.take, "hash", "door", world.now) is None
    assert await store.write(codes.take, "hash", "sign-in", world.now) == "ann"
    assert await store.write(codes.take, "hash", "sign-in", world.now) is None
    await store.write(codes.add, "late", "sign-in", "bob", soon)
    assert await store.write(codes.take, "late", "sign-in", soon) is None


async def test_codes_that_ran_out_are_forgotten(world: World, store: Store) -> None:
    await store.write(codes.add, "old", "sign-in", "ann", world.now)
    await store.write(codes.take, "other", "sign-in", world.now)
    await store.write(codes.add, "old", "sign-in", "bob", world.now + DAY)
    assert await store.write(codes.take, "old", "sign-in", world.now) == "bob"


async def test_a_home_is_made_once_per_person_and_name(world: World, store: Store) -> None:
    ann, bob = await world.user(), await world.user()
    first = await store.write(homes.ensure, HomeId(new_id()), ann.id, "default", world.now)
    again = await store.write(homes.ensure, HomeId(new_id()), ann.id, "default", world.later())
    second = await store.write(homes.ensure, HomeId(new_id()), ann.id, "data", world.now)
    assert again == first
    assert await store.read(homes.of_user, ann.id) == [second, first]
    assert await store.read(homes.of_user, bob.id) == []
