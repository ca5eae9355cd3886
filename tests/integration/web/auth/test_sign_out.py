"""Signing out, being disabled, changing a password: withdrawn first, answered afterwards."""

from typing import Any

import pytest

from carrel.domain.actor import Role, Scope, System
from carrel.domain.errors import Conflict, Unavailable
from carrel.rules.ticket import GRACE_LIFETIME, TICKET_LIFETIME
from carrel.services import audit, sessions, tokens, users

from .house import HUB, PASSWORD, House, sign_in


async def sign_out(browser: Any) -> Any:
    return await browser.submit(await browser.open(f"{HUB}/hub/"), "/hub/sign-out", {})


async def test_finding_e5_the_data_plane_knows_before_the_browser_does(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.person("ada")
    browser = await house.signed_in("ada")
    order: list[str] = []
    withdraw = house.dataplane.withdraw

    async def watched(withdrawals: Any) -> None:
        order.append("withdrawn")
        await withdraw(withdrawals)

    monkeypatch.setattr(house.dataplane, "withdraw", watched)
    answer = await sign_out(browser)
    order.append("answered")
    assert order == ["withdrawn", "answered"]
    assert (answer.status_code, answer.headers["location"]) == (303, "/hub/sign-in")


async def test_a_signed_out_session_is_withdrawn_for_as_long_as_its_cookies_could_live(house: House) -> None:
    await house.person("ada")
    browser = await house.signed_in("ada")
    [secret] = browser.named("carrel-session")
    person = await sessions.person_of(house.context, secret)
    assert person is not None
    await sign_out(browser)
    [withdrawal] = house.dataplane.told[-1]
    assert withdrawal.session_id == person.session_id
    assert withdrawal.until > house.clock.now() + max(GRACE_LIFETIME, TICKET_LIFETIME)


async def test_the_old_cookie_is_worth_nothing_and_gone_from_the_browser(house: House) -> None:
    await house.person("ada")
    browser = await house.signed_in("ada")
    cookie = browser.cookies_for("localhost", "/hub/")
    await sign_out(browser)
    assert not browser.jar
    assert (await browser.fetch(f"{HUB}/hub/api/v1/pools", cookie=cookie)).status_code == 401


async def test_two_sign_outs_leave_both_withdrawn(house: House) -> None:
    for name in ("ada", "bob"):
        await house.person(name)
        await sign_out(await house.signed_in(name))
    assert len({one.session_id for one in house.dataplane.told[-1]}) == 2


async def test_where_the_data_plane_cannot_be_told_the_person_is_told(house: House) -> None:
    await house.person("ada")
    browser = await house.signed_in("ada")
    page = await browser.open(f"{HUB}/hub/")
    house.dataplane.is_away = True
    answer = await browser.submit(page, "/hub/sign-out", {})
    assert answer.status_code == 503
    assert (await browser.open(f"{HUB}/hub/")).status_code == 303, (
        "the hub has forgotten the session all the same"
    )


async def test_signing_in_again_ends_the_session_before(house: House) -> None:
    await house.person("ada")
    await house.person("bob")
    browser = await house.signed_in("ada")
    before = browser.cookies_for("localhost", "/hub/")
    page = await house.browser().open(f"{HUB}/hub/sign-in")
    probe = page.headers.get_list("set-cookie")[1].partition(";")[0]
    [form_key] = [line for line in page.text.splitlines() if "form_key" in line]
    fields = {"name": "bob", "password": PASSWORD, "form_key": form_key.split('value="')[1].split('"')[0]}
    answer = await browser.post("/hub/sign-in", fields, cookie=f"{before}; {probe}")
    assert answer.status_code == 303
    assert len(house.dataplane.told[-1]) == 1
    assert (await browser.fetch(f"{HUB}/hub/api/v1/pools", cookie=before)).status_code == 401


async def test_nobody_else_can_sign_somebody_out(house: House) -> None:
    await house.person("ada")
    browser = await house.signed_in("ada")
    assert (await browser.open(f"{HUB}/hub/sign-out")).status_code in (404, 405)
    assert (await browser.post("/hub/sign-out", {})).status_code == 403
    foreign = await browser.post("/hub/sign-out", {}, origin="http://localhost:8001")
    assert foreign.status_code == 403
    assert (await browser.open(f"{HUB}/hub/")).status_code == 200


async def test_a_session_ends_by_itself(house: House) -> None:
    await house.person("ada")
    browser = await house.signed_in("ada")
    house.clock.at += house.context.session_lifetime
    assert (await browser.open(f"{HUB}/hub/")).status_code == 303


async def test_a_disabled_person_is_out_everywhere_at_once(house: House) -> None:
    """Tokens of removed people went on working elsewhere: they must not here."""
    ada = await house.person("ada")
    browser = await house.signed_in("ada")
    secret, _ = await tokens.create(house.context, System(), label="ci", user_id=ada.id)
    assert await tokens.holder_of(house.context, secret) is not None
    await users.disable(house.context, System(), ada.id)
    assert len(house.dataplane.told[-1]) == 1
    assert await tokens.holder_of(house.context, secret) is None
    assert (await browser.open(f"{HUB}/hub/")).status_code == 303
    assert (await sign_in(house.browser(), "ada")).status_code == 401


async def test_whoever_is_let_in_again_signs_in_anew_and_finds_their_tokens_dead(house: House) -> None:
    ada = await house.person("ada")
    before = await house.signed_in("ada")
    secret, _ = await tokens.create(house.context, System(), label="ci", user_id=ada.id)
    await users.disable(house.context, System(), ada.id)
    assert (await sign_in(house.browser(), "ada")).status_code == 401
    for _ in range(2):
        assert (await users.enable(house.context, System(), ada.id)).disabled_at is None
    assert (await before.open(f"{HUB}/hub/")).status_code == 303
    assert await tokens.holder_of(house.context, secret) is None
    assert (await sign_in(house.browser(), "ada")).status_code == 303
    trail = [entry.action for entry in (await audit.page(house.context, System())).items]
    assert trail.count("enable_user") == 1


async def test_a_new_password_ends_every_session(house: House) -> None:
    ada = await house.person("ada")
    browsers = [await house.signed_in("ada") for _ in range(2)]
    await users.set_password(house.context, System(), ada.id, "another long one")
    assert len(house.dataplane.told[-1]) == 2
    for browser in browsers:
        assert (await browser.open(f"{HUB}/hub/")).status_code == 303
    assert (await sign_in(house.browser(), "ada")).status_code == 401
    assert (await sign_in(house.browser(), "ada", "another long one")).status_code == 303


async def test_an_admin_cannot_leave_everybody_without_one(house: House) -> None:
    eve = await house.person("eve", Role.ADMIN)
    browser = await house.signed_in("eve")
    person = await sessions.person_of(house.context, browser.named("carrel-session")[0])
    assert person is not None
    with pytest.raises(Conflict):
        await users.disable(house.context, person, eve.id)
    with pytest.raises(Conflict):
        await users.set_role(house.context, person, eve.id, Role.USER)


async def test_a_demoted_admin_is_none_from_the_next_request_on(house: House) -> None:
    eve = await house.person("eve", Role.ADMIN)
    secret, _ = await tokens.create(
        house.context, System(), label="ci", user_id=eve.id, scopes=frozenset(Scope)
    )
    await users.set_role(house.context, System(), eve.id, Role.USER)
    headers = {"authorization": f"Bearer {secret}"}
    browser = house.browser()
    assert (await browser.fetch(f"{HUB}/hub/api/v1/users", **headers)).status_code == 403


async def test_a_demoted_admin_is_out_of_other_peoples_workspaces_at_once(house: House) -> None:
    """Their tickets would open the doors for a minute more without anybody being asked."""
    workspace = await house.workspace(await house.person("ada"))
    eve = await house.person("eve", Role.ADMIN)
    browser = await house.signed_in("eve")
    asked = await browser.submit(await browser.follow(house.url(workspace)), "/hub/enter", {})
    await browser.follow(asked.headers["location"])
    person = await sessions.person_of(house.context, browser.named("carrel-session")[0])
    assert person is not None
    await users.set_role(house.context, System(), eve.id, Role.USER)
    assert [one.session_id for one in house.dataplane.told[-1]] == [person.session_id]
    assert (await browser.fetch(house.url(workspace))).status_code == 403
    assert (await browser.open(f"{HUB}/hub/")).status_code == 200, "still signed in"


async def test_whoever_ends_a_session_tells_the_data_plane_only_after_the_store(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other way round a crash in between would leave somebody inside who was told they are out."""
    await house.person("ada")
    browser = await house.signed_in("ada")
    person = await sessions.person_of(house.context, browser.named("carrel-session")[0])
    assert person is not None

    async def broken(withdrawals: Any) -> None:
        assert await sessions.person_of(house.context, browser.named("carrel-session")[0]) is None
        raise Unavailable("crashed here")

    monkeypatch.setattr(house.dataplane, "withdraw", broken)
    with pytest.raises(Unavailable):
        await sessions.sign_out(house.context, person)
