"""Signing in: by password, by link, and all the ways it must not work."""

import asyncio
from dataclasses import replace
from pathlib import Path
from urllib.parse import urljoin

import pytest
from fastapi import Request

from carrel.domain.actor import Role, System
from carrel.domain.errors import Unauthenticated
from carrel.services import links, sessions, users
from carrel.services.passwords import Checked, Passwords
from carrel.web.auth.sign_in import address_of

from .house import HUB, PASSWORD, House, begin, sign_in


async def test_the_right_password_leads_where_one_wanted_to_go(house: House) -> None:
    await house.person("ada")
    browser = house.browser()
    answer = await browser.open(f"{HUB}/hub/open/lab?path=a/b.ipynb")
    assert answer.status_code == 303
    page = await browser.open(answer.headers["location"])
    answer = await browser.submit(page, "/hub/sign-in", {"name": " Ada ", "password": PASSWORD})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/hub/open/lab?path=a/b.ipynb"
    assert (await browser.open(urljoin(HUB, answer.headers["location"]))).status_code == 200


async def test_wrong_name_and_wrong_password_are_refused_in_the_same_words(house: House) -> None:
    await house.person("ada")
    browser = house.browser()
    wrong = await sign_in(browser, "ada", "wrong password")
    unknown = await sign_in(browser, "nobody", "wrong password")
    assert wrong.status_code == unknown.status_code == 401
    assert sessions.WRONG in wrong.text
    assert sessions.WRONG in unknown.text
    assert not browser.named("carrel-session")


async def test_a_wrong_password_does_not_cost_typing_the_name_again(house: House) -> None:
    await house.person("ada")
    browser = house.browser()
    wrong = await sign_in(browser, "ada", "wrong password")
    assert '<input id="f-name" name="name" value="ada"' in wrong.text
    assert "wrong password" not in wrong.text
    assert 'value=""' in (await begin(browser)).text


async def test_finding_10_a_browser_that_takes_the_strong_name_gets_it_and_no_other(house: House) -> None:
    await house.person("ada")
    browser = await house.signed_in("ada", takes_strong=True)
    assert [name for _, _, name in browser.jar] == ["__Host-Http-carrel-session"]
    assert (await browser.open(f"{HUB}/hub/")).status_code == 200


async def test_finding_10_another_browser_gets_the_plain_name_found_out_by_a_probe(house: House) -> None:
    await house.person("ada")
    browser = await house.signed_in("ada")
    assert [(path, name) for _, path, name in browser.jar] == [("/hub/", "carrel-session")]


@pytest.mark.parametrize(
    "names", [("carrel-session", "carrel-session"), ("__Host-Http-carrel-session", "carrel-session")]
)
async def test_finding_10_two_sessions_are_refused_and_both_deleted(
    house: House, names: tuple[str, str]
) -> None:
    await house.person("ada")
    browser = await house.signed_in("ada")
    [mine] = browser.named("carrel-session")
    cookie = f"{names[0]}=forged; {names[1]}={mine}"
    for answer in (
        await browser.open(f"{HUB}/hub/", cookie=cookie),
        await browser.fetch(f"{HUB}/hub/api/v1/pools", cookie=cookie),
    ):
        assert answer.status_code == 400
        deleted = answer.headers.get_list("set-cookie")
        assert {line.partition("=")[0] for line in deleted} == {
            "__Host-Http-carrel-session",
            "carrel-session",
        }
        assert all("Max-Age=0" in line for line in deleted)
        assert answer.headers["clear-site-data"] == '"cookies"'
        assert mine not in answer.text


async def test_cookies_are_out_of_scripts_reach(house: House) -> None:
    await house.person("ada")
    browser = house.browser(takes_strong=True)
    for line in (await sign_in(browser, "ada")).headers.get_list("set-cookie"):
        assert "HttpOnly" in line
        assert "SameSite=Lax" in line
        assert "Domain" not in line


async def test_the_secret_in_the_cookie_is_not_in_the_store(house: House, tmp_path: Path) -> None:
    await house.person("ada")
    browser = await house.signed_in("ada")
    [secret] = browser.named("carrel-session")
    await house.context.store.aclose()
    held = b"".join(path.read_bytes() for path in tmp_path.glob("carrel.sqlite*"))
    assert b"sessions" in held
    assert secret.encode() not in held
    assert PASSWORD.encode() not in held


# --- forms


async def test_signing_somebody_in_from_another_page_does_not_work(house: House) -> None:
    """Login CSRF: an attacker's account would collect what the victim does in it."""
    await house.person("eve")
    browser = house.browser()
    await begin(browser)
    fields = {"name": "eve", "password": PASSWORD, "next": "/hub/"}
    for headers in (
        {"origin": "http://localhost:8001", "sec-fetch-site": "same-site"},
        {"origin": "https://evil.example", "sec-fetch-site": "cross-site"},
        {"origin": "null", "sec-fetch-site": "cross-site"},
        {"origin": "http://localhost:8001", "sec-fetch-site": "same-origin"},
    ):
        assert (await browser.post("/hub/sign-in", fields, **headers)).status_code == 403
    assert (await browser.post("/hub/sign-in", fields)).status_code == 403, "no key of the form"
    assert (await browser.post("/hub/sign-in", {**fields, "form_key": "0" * 64})).status_code == 403
    assert not browser.named("carrel-session")


async def test_a_form_of_another_browser_is_refused(house: House) -> None:
    await house.person("ada")
    page = await begin(house.browser())
    other = house.browser()
    await begin(other)
    answer = await other.submit(page, "/hub/sign-in", {"name": "ada", "password": PASSWORD})
    assert answer.status_code == 403
    assert "too old" in answer.text


async def test_a_browser_without_cookies_is_told_what_is_missing(house: House) -> None:
    await house.person("ada")
    page = await begin(house.browser())
    answer = await house.browser().submit(page, "/hub/sign-in", {"name": "ada", "password": PASSWORD})
    assert answer.status_code == 403
    assert "Allow cookies" in answer.text


@pytest.mark.parametrize(
    "wish",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/hub/../..//evil.example",
        "javascript:alert(1)",
    ],
)
async def test_nobody_is_led_away_after_signing_in(house: House, wish: str) -> None:
    await house.person("ada")
    browser = house.browser()
    page = await begin(browser, wish)
    answer = await browser.submit(page, "/hub/sign-in", {"name": "ada", "password": PASSWORD, "next": wish})
    assert answer.headers["location"] == "/hub/"
    assert (await begin(browser, wish)).headers["location"] == "/hub/"


async def test_what_was_typed_is_shown_nowhere_as_markup(house: House) -> None:
    browser = house.browser()
    answer = await browser.open(f"{HUB}/hub/sign-in?next=/hub/&link=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")
    assert "<script>alert" not in answer.text
    wrong = await sign_in(browser, '"><script>alert(1)</script>', "wrong password")
    assert "<script>alert" not in wrong.text


# --- guessing


async def test_after_ten_wrong_passwords_one_waits_and_the_right_one_waits_too(house: House) -> None:
    await house.person("ada")
    browser = house.browser()
    for _ in range(10):
        assert (await sign_in(browser, "ada", "wrong password")).status_code == 401
    refused = await sign_in(browser, "ADA")
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0
    house.clock.at += house.clock.at.resolution * 11_000_000
    assert (await sign_in(browser, "ada")).status_code == 303


async def test_many_guesses_at_once_are_counted_before_they_are_checked(house: House) -> None:
    await house.person("ada")
    answers = await asyncio.gather(
        *(
            sessions.sign_in(house.context, name="ada", password=f"guess {n}", address="192.0.2.1")
            for n in range(60)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(one, Unauthenticated) for one in answers) == 10


async def test_one_address_cannot_try_one_password_on_everybody(house: House) -> None:
    browser = house.browser()
    statuses = [
        (await sign_in(browser, f"person {n}", "Spring2026!", **{"x-forwarded-for": "192.0.2.1"})).status_code
        for n in range(60)
    ]
    assert statuses.count(401) == 50
    assert statuses[-1] == 429
    await house.person("ada")
    elsewhere = await sign_in(house.browser(), "ada", **{"x-forwarded-for": "192.0.2.1, 192.0.2.9"})
    assert elsewhere.status_code == 303, (
        "the data plane writes the last entry; what a client wrote before it does not count"
    )


@pytest.mark.parametrize(
    ("hops", "sent", "seen"),
    [
        (0, "203.0.113.7, 192.0.2.1", "192.0.2.1"),
        (0, "", "127.0.0.1"),
        (1, "203.0.113.7, 192.0.2.1, 10.0.0.1", "192.0.2.1"),
        (2, "192.0.2.1", "192.0.2.1"),
        (0, "x" * 500, "x" * 45),
    ],
)
async def test_finding_16_whose_attempt_it_is_is_told_by_those_we_trust(
    house: House, hops: int, sent: str, seen: str
) -> None:
    house.hub.state.context = replace(house.context, trusted_hops=hops)
    scope = {
        "type": "http",
        "app": house.hub,
        "headers": [(b"x-forwarded-for", sent.encode())],
        "client": ("127.0.0.1", 1),
    }
    assert address_of(Request(scope)) == seen


async def test_a_network_full_of_ipv6_addresses_is_one(house: House) -> None:
    browser = house.browser()
    for number in range(50):
        forwarded = {"x-forwarded-for": f"2001:db8:1:2::{number:x}"}
        assert (await sign_in(browser, f"nobody{number}", "wrong", **forwarded)).status_code == 401
    refused = await sign_in(browser, "ada", "wrong", **{"x-forwarded-for": "2001:db8:1:2:ffff::1"})
    assert refused.status_code == 429
    for elsewhere in ("2001:db8:1:3::1", "::ffff:192.0.2.1", "unix:"):
        other = await sign_in(browser, "ada", "wrong", **{"x-forwarded-for": elsewhere})
        assert other.status_code == 401


async def test_a_whole_class_signs_in_from_one_address(house: House) -> None:
    for n in range(70):
        name = f"person{n}"
        await house.person(name)
        answer = await sign_in(house.browser(), name, **{"x-forwarded-for": "192.0.2.1"})
        assert answer.status_code == 303


async def test_a_name_of_ten_megabytes_is_neither_hashed_nor_logged(
    house: House, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """CVE-2026-54338: an unbounded name written to the log by anybody."""
    with pytest.raises(Unauthenticated):
        await sessions.sign_in(
            house.context, name="x" * 10_000_000, password="y" * 10_000_000, address="192.0.2.1"
        )
    answer = await sign_in(house.browser(), "z" * 500_000, "wrong password")
    assert answer.status_code == 401
    printed = capsys.readouterr()
    assert len(printed.out) + len(printed.err) + len(caplog.text) < 10_000


async def test_checking_a_password_keeps_nobody_else_waiting(house: House) -> None:
    """The loop goes on turning while a password is hashed."""
    await house.person("ada")
    house.context.passwords._hasher = type(house.context.passwords._hasher)(
        time_cost=20, memory_cost=65536, parallelism=1
    )
    hashing = asyncio.create_task(house.context.passwords.hash(PASSWORD))
    turns = 0
    while not hashing.done():
        await asyncio.sleep(0.001)
        turns += 1
    assert turns > 10, "however slow the machine is"


# --- links


@pytest.mark.parametrize("is_old_fashioned", [False, True])
async def test_a_password_that_is_replaced_while_it_is_checked_signs_nobody_in(
    house: House, is_old_fashioned: bool
) -> None:
    """Nor does keeping it under today's parameters bring the old one back."""
    ada = await house.person("ada")

    class Slow(Passwords):
        async def check(self, password: str, stored: str | None) -> Checked:
            found = await super().check(password, stored)
            await users.set_password(house.context, System(), ada.id, "a quite different password")
            return replace(found, rehashed=stored) if is_old_fashioned else found

    slow = replace(house.context, passwords=Slow())
    with pytest.raises(Unauthenticated, match="do not belong together"):
        await sessions.sign_in(slow, name="ada", password=PASSWORD, address="192.0.2.1")
    again = await sessions.sign_in(
        house.context, name="ada", password="a quite different password", address="192.0.2.1"
    )
    assert again.person.user_id == ada.id


async def test_a_link_signs_the_admin_in_once_after_one_button(house: House) -> None:
    link = await links.new_link(house.context)
    browser = house.browser()
    page = await browser.open(link)
    assert page.status_code == 200
    again = await browser.open(link)
    answer = await browser.submit(again, "/hub/sign-in", {})
    assert answer.headers["location"] == "/hub/"
    assert "admin" in (await browser.open(f"{HUB}/hub/")).text

    late = house.browser()
    answer = await late.submit(await late.open(link), "/hub/sign-in", {})
    assert answer.status_code == 401
    assert "used before" in answer.text
    assert 'name="password"' in answer.text


async def test_a_new_link_kills_the_earlier_one_and_a_day_kills_each(house: House) -> None:
    first, second = await links.new_link(house.context), await links.new_link(house.context)
    browser = house.browser()
    assert (await browser.submit(await browser.open(first), "/hub/sign-in", {})).status_code == 401
    house.clock.at += links.LIFETIME
    assert (await browser.submit(await browser.open(second), "/hub/sign-in", {})).status_code == 401


async def test_looking_at_a_link_spends_nothing_and_signs_nobody_in(house: House) -> None:
    link = await links.new_link(house.context)
    browser = house.browser()
    for method in ("GET", "HEAD"):
        await browser.send(method, link)
    assert not browser.named("carrel-session")
    assert (await browser.submit(await browser.open(link), "/hub/sign-in", {})).status_code == 303


async def test_the_links_admin_is_made_once(house: House) -> None:
    for _ in range(3):
        await links.new_link(house.context)
    everybody = await users.page(house.context, System())
    assert [(user.name, user.role) for user in everybody.items] == [("admin", Role.ADMIN)]
