"""Users and tokens as services: who may make and end them, and what a token can never do."""

from datetime import timedelta
from pathlib import Path

import pytest

from carrel.domain.actor import Person, Role, Scope, System, TokenHolder
from carrel.domain.errors import Conflict, Forbidden, Invalid, NotFound
from carrel.domain.ids import SessionId, TokenId, UserId
from carrel.services import audit, tokens, users

from .house import PASSWORD, House

BOOTSTRAP = "crl_" + "b" * 40


async def holder(house: House, name: str, role: Role, *scopes: Scope) -> TokenHolder:
    user = await house.person(name, role)
    secret, _ = await tokens.create(
        house.context, System(), label="test", user_id=user.id, scopes=frozenset(scopes)
    )
    found = await tokens.holder_of(house.context, secret)
    assert found is not None
    return found


async def person(house: House, name: str, role: Role = Role.USER) -> Person:
    user = await house.person(name, role)
    return Person(user.id, user.name, user.role, SessionId("saaaaaaaaaaaaaaa"))


async def test_a_token_is_shown_once_and_kept_as_a_fingerprint(house: House, tmp_path: Path) -> None:
    ada = await person(house, "ada")
    secret, token = await tokens.create(house.context, ada, label="ci")
    assert secret.startswith("crl_")
    assert token.expires_at == house.clock.now() + timedelta(days=90)
    [listed] = await tokens.page(house.context, ada)
    assert listed == token
    await house.context.store.aclose()
    assert secret.encode() not in b"".join(path.read_bytes() for path in tmp_path.glob("carrel.sqlite*"))


async def test_a_token_runs_out(house: House) -> None:
    ada = await person(house, "ada")
    secret, _ = await tokens.create(house.context, ada, label="ci", lifetime=timedelta(hours=1))
    assert await tokens.holder_of(house.context, secret) is not None
    house.clock.at += timedelta(hours=1)
    assert await tokens.holder_of(house.context, secret) is None


async def test_a_revoked_token_is_dead_and_revoking_twice_is_harmless(house: House) -> None:
    ada = await person(house, "ada")
    secret, token = await tokens.create(house.context, ada, label="ci")
    for _ in range(2):
        await tokens.revoke(house.context, ada, token.id)
    assert await tokens.holder_of(house.context, secret) is None


async def test_only_its_person_an_admin_or_itself_revokes_a_token(house: House) -> None:
    ada, bob = await person(house, "ada"), await person(house, "bob")
    eve = await person(house, "eve", Role.ADMIN)
    secret, token = await tokens.create(house.context, ada, label="ci")
    with pytest.raises(NotFound):
        await tokens.revoke(house.context, bob, token.id)
    with pytest.raises(NotFound):
        await tokens.revoke(house.context, eve, TokenId("tnobodyhasthisid"))
    leaked = await tokens.holder_of(house.context, secret)
    assert leaked is not None
    await tokens.revoke(house.context, leaked, token.id)
    _, other = await tokens.create(house.context, ada, label="ci")
    await tokens.revoke(house.context, eve, other.id)
    assert all(token.revoked_at for token in await tokens.page(house.context, ada))


async def test_a_token_cannot_make_a_successor_or_a_stronger_one(house: House) -> None:
    """CVE-2024-41942: a narrow right could make itself everything."""
    narrow = await holder(house, "ada", Role.USER, Scope.READ, Scope.USE)
    with pytest.raises(Forbidden):
        await tokens.create(house.context, narrow, label="more")
    admin_without = await holder(house, "eve", Role.ADMIN, Scope.USE)
    with pytest.raises(Forbidden):
        await tokens.create(house.context, admin_without, label="more", scopes=frozenset({Scope.ADMIN}))
    demoted = TokenHolder(narrow.user_id, "ada", Role.USER, narrow.token_id, frozenset({Scope.ADMIN}))
    with pytest.raises(Forbidden):
        await tokens.create(house.context, demoted, label="more", scopes=frozenset({Scope.ADMIN}))


async def test_nobody_but_an_admin_has_the_admin_scope_or_makes_tokens_for_others(house: House) -> None:
    ada, bob = await person(house, "ada"), await person(house, "bob")
    eve = await person(house, "eve", Role.ADMIN)
    with pytest.raises(Invalid):
        await tokens.create(house.context, ada, label="x", scopes=frozenset({Scope.ADMIN}))
    with pytest.raises(Invalid):
        await tokens.create(
            house.context, eve, label="x", scopes=frozenset({Scope.ADMIN}), user_id=ada.user_id
        )
    with pytest.raises(Forbidden):
        await tokens.create(house.context, bob, label="x", user_id=ada.user_id)
    secret, _ = await tokens.create(house.context, eve, label="x", user_id=ada.user_id)
    found = await tokens.holder_of(house.context, secret)
    assert found is not None
    assert found.user_id == ada.user_id


async def test_tokens_are_listed_to_their_person_and_admins(house: House) -> None:
    ada, bob = await person(house, "ada"), await person(house, "bob")
    with pytest.raises(Forbidden):
        await tokens.page(house.context, bob, user_id=ada.user_id)
    with pytest.raises(Invalid):
        await tokens.page(house.context, System())


@pytest.mark.parametrize("secret", ["", "crl_", "x", "crl_" + "x" * 100_000, "Bearer crl_x", "crl_\x00"])
async def test_what_is_no_token_belongs_to_nobody(house: House, secret: str) -> None:
    assert await tokens.holder_of(house.context, secret) is None


# --- CARREL_BOOTSTRAP_TOKEN


async def test_the_bootstrap_token_is_an_admins_however_often_it_is_made(house: House) -> None:
    for _ in range(3):
        await tokens.ensure_bootstrap(house.context, BOOTSTRAP)
    found = await tokens.holder_of(house.context, BOOTSTRAP)
    assert found is not None
    assert (found.name, found.role, found.scopes) == ("admin", Role.ADMIN, frozenset(Scope))
    assert len(await tokens.page(house.context, found)) == 1
    assert len((await users.page(house.context, found)).items) == 1


@pytest.mark.parametrize("token", ["", "secret", "crl_short", "x" * 64])
async def test_a_weak_bootstrap_token_makes_nothing(house: House, token: str) -> None:
    with pytest.raises(Invalid):
        await tokens.ensure_bootstrap(house.context, token)
    assert not (await users.page(house.context, System())).items


async def test_a_revoked_bootstrap_token_does_not_come_back(house: House) -> None:
    await tokens.ensure_bootstrap(house.context, BOOTSTRAP)
    found = await tokens.holder_of(house.context, BOOTSTRAP)
    assert found is not None
    await tokens.revoke(house.context, System(), found.token_id)
    with pytest.raises(Conflict, match="revoked"):
        await tokens.ensure_bootstrap(house.context, BOOTSTRAP)
    assert await tokens.holder_of(house.context, BOOTSTRAP) is None


async def test_another_bootstrap_token_takes_the_place_of_the_one_before(house: House) -> None:
    """Whoever changes the variable because the token leaked means that the old one is dead."""
    await tokens.ensure_bootstrap(house.context, BOOTSTRAP)
    admin = await tokens.holder_of(house.context, BOOTSTRAP)
    assert admin is not None
    other, _ = await tokens.create(house.context, admin, label="ci")
    await tokens.ensure_bootstrap(house.context, BOOTSTRAP + "2")
    assert await tokens.holder_of(house.context, BOOTSTRAP) is None
    assert await tokens.holder_of(house.context, BOOTSTRAP + "2") is not None
    assert await tokens.holder_of(house.context, other) is not None
    with pytest.raises(Conflict, match="revoked"):
        await tokens.ensure_bootstrap(house.context, BOOTSTRAP)


async def test_somebody_who_took_the_admins_name_is_not_made_one(house: House) -> None:
    await house.person("admin")
    with pytest.raises(Conflict):
        await tokens.ensure_bootstrap(house.context, BOOTSTRAP)


# --- users


async def test_only_admins_let_people_in(house: House) -> None:
    ada = await person(house, "ada")
    with pytest.raises(Forbidden):
        await users.create(house.context, ada, name="bob", password=PASSWORD)
    with pytest.raises(Forbidden):
        await users.page(house.context, ada)
    eve = await person(house, "eve", Role.ADMIN)
    bob = await users.create(house.context, eve, name=" Bob ", password=PASSWORD, display_name="Bob B.")
    assert (bob.name, bob.display_name, bob.role) == ("bob", "Bob B.", Role.USER)


async def test_two_people_cannot_have_one_name_in_any_spelling(house: House) -> None:
    await house.person("ada")
    for name in ("ada", "ADA", " Ada", "\uff21da"):
        with pytest.raises(Conflict):
            await users.create(house.context, System(), name=name, password=PASSWORD)


@pytest.mark.parametrize("password", ["", "short", "x" * 1025])
async def test_a_password_that_may_not_be_set_lets_nobody_in(house: House, password: str) -> None:
    with pytest.raises(Invalid):
        await users.create(house.context, System(), name="ada", password=password)
    assert not (await users.page(house.context, System())).items


async def test_people_see_themselves_and_nobody_else(house: House) -> None:
    ada, bob = await person(house, "ada"), await person(house, "bob")
    assert (await users.get(house.context, ada, ada.user_id)).name == "ada"
    with pytest.raises(NotFound):
        await users.get(house.context, bob, ada.user_id)
    with pytest.raises(NotFound):
        await users.get(house.context, System(), UserId("unobodyhasthisid"))


@pytest.mark.parametrize("change", ["disable", "enable", "role", "password"])
async def test_only_admins_change_people_and_only_known_ones(house: House, change: str) -> None:
    ada, eve = await person(house, "ada"), await person(house, "eve", Role.ADMIN)
    nobody = UserId("unobodyhasthisid")

    async def do(actor: Person, user_id: UserId) -> None:
        match change:
            case "enable":
                await users.enable(house.context, actor, user_id)
            case "disable":
                await users.disable(house.context, actor, user_id)
            case "role":
                await users.set_role(house.context, actor, user_id, Role.ADMIN)
            case _:
                await users.set_password(house.context, actor, user_id, PASSWORD)

    with pytest.raises(Forbidden):
        await do(ada, eve.user_id)
    with pytest.raises(NotFound):
        await do(eve, nobody)
    assert (await users.get(house.context, eve, eve.user_id)).role is Role.ADMIN


async def test_everything_about_people_is_in_the_audit_and_no_secret_is(house: House) -> None:
    eve = await person(house, "eve", Role.ADMIN)
    ada = await users.create(house.context, eve, name="ada", password=PASSWORD)
    secret, token = await tokens.create(house.context, eve, label="ci", user_id=ada.id)
    await tokens.revoke(house.context, eve, token.id)
    await users.set_role(house.context, eve, ada.id, Role.ADMIN)
    await users.set_password(house.context, eve, ada.id, "another long one")
    await users.disable(house.context, eve, ada.id)
    trail = (await audit.page(house.context, eve)).items
    assert {"create_user", "create_token", "revoke_token", "set_role", "set_password", "disable_user"} <= {
        entry.action for entry in trail
    }
    assert not any(word in repr(trail) for word in (secret, PASSWORD, "another long one"))
