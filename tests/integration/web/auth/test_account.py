"""One's own account: a new password, tokens for scripts, and signing out everywhere."""

from datetime import timedelta

import pytest

from carrel.domain.actor import Person, Role, System
from carrel.domain.errors import Conflict, Exhausted, Invalid, Unauthenticated
from carrel.services import account, links, sessions
from carrel.services.sessions import SignedIn

from .house import PASSWORD, House

NEW = "a quite different password"


async def _in(house: House, name: str, password: str = PASSWORD) -> SignedIn:
    return await sessions.sign_in(house.context, name=name, password=password, address="192.0.2.1")


async def test_a_new_password_needs_the_old_one_and_ends_the_other_sessions(house: House) -> None:
    await house.person("ada")
    here, elsewhere = await _in(house, "ada"), await _in(house, "ada")
    await account.change_password(house.context, here.person, old=PASSWORD, new=NEW)
    assert await sessions.person_of(house.context, here.secret) is not None
    assert await sessions.person_of(house.context, elsewhere.secret) is None
    assert [one.session_id for one in house.dataplane.told[-1]] == [elsewhere.person.session_id]
    with pytest.raises(Unauthenticated):
        await _in(house, "ada")
    await _in(house, "ada", NEW)


async def test_a_wrong_old_one_changes_nothing_and_guessing_is_slow(house: House) -> None:
    await house.person("ada")
    here = await _in(house, "ada")
    for _ in range(5):
        with pytest.raises(Invalid, match="not your password"):
            await account.change_password(house.context, here.person, old="guess", new=NEW)
    with pytest.raises(Exhausted, match="Try again in"):
        await account.change_password(house.context, here.person, old=PASSWORD, new=NEW)
    house.clock.at += timedelta(seconds=31)
    await account.change_password(house.context, here.person, old=PASSWORD, new=NEW)


async def test_whoever_came_by_a_link_and_has_none_sets_the_first(house: House) -> None:
    link = await links.new_link(house.context)
    code = link.partition("link=")[2]
    here = await sessions.sign_in_by_link(house.context, code=code, address="192.0.2.1")
    assert not (await account.get(house.context, here.person)).has_password
    await account.change_password(house.context, here.person, old="", new=NEW)
    view = await account.get(house.context, here.person)
    assert (view.has_password, view.sessions, view.user.role) == (True, 1, Role.ADMIN)
    with pytest.raises(Invalid):
        await account.change_password(house.context, here.person, old="", new=PASSWORD)


async def test_a_new_password_leaves_no_other_link_that_signs_in(house: House) -> None:
    first, second = [(await links.make(house.context, System())).url.partition("link=")[2] for _ in range(2)]
    here = await sessions.sign_in_by_link(house.context, code=first, address="192.0.2.1")
    await account.change_password(house.context, here.person, old="", new=NEW)
    with pytest.raises(Unauthenticated):
        await sessions.sign_in_by_link(house.context, code=second, address="192.0.2.1")


async def test_a_new_one_that_cannot_be_is_refused(house: House) -> None:
    await house.person("ada")
    here = await _in(house, "ada")
    with pytest.raises(Invalid):
        await account.change_password(house.context, here.person, old=PASSWORD, new="short")
    await _in(house, "ada")


async def test_two_changes_at_once_are_not_both_believed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.person("ada")
    here = await _in(house, "ada")
    hash_it = house.context.passwords.hash

    async def meanwhile(password: str) -> str:
        monkeypatch.undo()
        await account.change_password(house.context, here.person, old=PASSWORD, new="the faster password")
        return await hash_it(password)

    monkeypatch.setattr(house.context.passwords, "hash", meanwhile)
    with pytest.raises(Conflict, match="changed meanwhile"):
        await account.change_password(house.context, here.person, old=PASSWORD, new=NEW)
    await _in(house, "ada", "the faster password")


async def test_signing_out_everywhere_ends_all_sessions_and_tells_the_workspaces(house: House) -> None:
    await house.person("ada")
    mine = [await _in(house, "ada") for _ in range(3)]
    bob = await house.person("bob")
    his = await _in(house, bob.name)
    await account.sign_out_everywhere(house.context, mine[0].person)
    assert [await sessions.person_of(house.context, one.secret) for one in mine] == [None] * 3
    assert isinstance(await sessions.person_of(house.context, his.secret), Person)
    assert {one.session_id for one in house.dataplane.told[-1]} >= {one.person.session_id for one in mine}
