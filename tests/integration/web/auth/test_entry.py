"""The whole way into a workspace: link, hub, code, clean address, tickets; and everybody who must stay outside."""

import asyncio
import time
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest

from carrel.domain.actor import Role, Scope, System
from carrel.domain.errors import Unavailable
from carrel.domain.ids import ClaimId
from carrel.domain.reason import Reason, ReasonCode
from carrel.domain.workspace import Phase
from carrel.domain.workspace_list import Wanted
from carrel.services import audit, claims, tokens, workspace_list
from carrel.store import events
from carrel.store import workspaces as workspace_rows
from carrel.web.internal import BRIEF

from .house import HUB, Browser, House, sign_in


def said(token: str) -> dict[str, object]:
    return jwt.decode(token, options={"verify_signature": False})


async def inside(house: House, name: str, **options: bool) -> tuple[Browser, str]:
    """A browser of a new person that went into their new workspace, and its address."""
    workspace = await house.workspace(await house.person(name))
    browser = await house.signed_in(name, **options)
    answer = await browser.follow(house.url(workspace))
    assert answer.status_code == 200
    return browser, house.url(workspace)


async def test_a_link_to_ones_own_workspace_leads_in_and_leaves_a_clean_address(house: House) -> None:
    workspace = await house.workspace(await house.person("ada"))
    browser = await house.signed_in("ada")
    url = house.url(workspace, "lab/tree/a%20b.ipynb?x=1")
    answer = await browser.follow(url)
    assert answer.status_code == 200
    assert answer.headers["x-carrel-door"] == f"/w/{workspace.id}/"
    assert browser.last == url
    kept = {name: path for host, path, name in browser.jar if host != "localhost"}
    assert kept == {"carrel-ticket": f"/w/{workspace.id}/", "carrel-grace": f"/w/{workspace.id}/"}


async def test_opening_it_from_the_hub_is_use_and_a_renewed_ticket_is_none(house: House) -> None:
    workspace = await house.workspace(await house.person("ada"))
    browser = await house.signed_in("ada")
    await browser.follow(house.url(workspace))
    first = await house.now_of(workspace)
    assert first.last_active_at == first.entered_at
    house.clock.at += timedelta(hours=1)
    await browser.open(house.url(workspace))
    assert (await house.now_of(workspace)).last_active_at == first.entered_at
    another = await house.signed_in("ada")
    await another.follow(house.url(workspace))
    now = await house.now_of(workspace)
    assert (now.last_active_at, now.active_because) == (house.clock.at, "somebody opened it")


async def test_signing_in_on_the_way_goes_on_to_the_workspace(house: House) -> None:
    workspace = await house.workspace(await house.person("ada"))
    browser = house.browser()
    page = await browser.follow(house.url(workspace, "lab/tree/x"))
    assert "Sign in" in page.text
    answer = await browser.submit(page, "/hub/sign-in", {"name": "ada", "password": "correct horse battery"})
    answer = await browser.follow(answer.headers["location"])
    assert answer.headers["x-carrel-door"] == f"/w/{workspace.id}/"
    assert browser.last == house.url(workspace, "lab/tree/x")


async def test_the_ticket_says_what_envoy_checks(house: House) -> None:
    browser, _ = await inside(house, "ada")
    [ticket], [grace] = browser.named("carrel-ticket"), browser.named("carrel-grace")
    now = int(house.clock.now().timestamp())
    assert said(ticket)["exp"] == now + 60
    assert said(grace)["exp"] == now + 900
    assert said(ticket)["sid"] == said(grace)["sid"]
    assert jwt.get_unverified_header(ticket) == {"alg": "EdDSA", "kid": house.signer.kid, "typ": "JWT"}


async def test_a_ticket_ends_with_its_session(house: House) -> None:
    browser, url = await inside(house, "ada")
    house.clock.at += house.context.session_lifetime - timedelta(seconds=20)
    await browser.open(url)
    for name in ("carrel-ticket", "carrel-grace"):
        [kept] = browser.named(name)
        assert said(kept)["exp"] == int((house.clock.at + timedelta(seconds=20)).timestamp())


async def test_a_tab_that_slept_goes_on_with_fresh_cookies(house: House) -> None:
    browser, url = await inside(house, "ada")
    house.clock.at += timedelta(days=3)
    answer = await browser.fetch(url)
    assert answer.status_code == 200
    assert said(browser.named("carrel-ticket")[0])["exp"] == int(house.clock.now().timestamp()) + 60


async def test_a_grace_alone_is_enough_to_go_on(house: House) -> None:
    browser, url = await inside(house, "ada")
    browser.jar = {key: value for key, value in browser.jar.items() if key[2] != "carrel-ticket"}
    assert (await browser.fetch(url)).status_code == 200


async def test_a_signed_out_person_is_outside(house: House) -> None:
    browser, url = await inside(house, "ada")
    old = dict(browser.jar)
    await browser.submit(await browser.open(f"{HUB}/hub/"), "/hub/sign-out", {})
    browser.jar = old
    assert (await browser.fetch(url)).status_code == 401
    assert "Sign in" in (await browser.follow(url)).text


async def test_the_first_entry_is_noted_once(house: House) -> None:
    workspace = await house.workspace(await house.person("ada"))
    assert workspace.entered_at is None
    browser = await house.signed_in("ada")
    await browser.follow(house.url(workspace))
    entered = (await house.now_of(workspace)).entered_at
    assert entered == house.clock.now()
    house.clock.at += timedelta(minutes=5)
    await browser.fetch(house.url(workspace))
    assert (await house.now_of(workspace)).entered_at == entered


async def test_several_tabs_at_once_all_arrive(house: House) -> None:
    """A browser that restores its tabs after a restart."""
    workspace = await house.workspace(await house.person("ada"))
    browser = await house.signed_in("ada")
    url = house.url(workspace)
    steps = [await browser.open(url) for _ in range(5)]
    steps = [await browser.open(step.headers["location"]) for step in steps]
    steps = [await browser.open(step.headers["location"]) for step in steps]
    assert [step.headers["location"] for step in steps] == [url] * 5
    assert (await browser.fetch(url)).status_code == 200


# --- codes


async def code_address(house: House, browser: Browser, url: str) -> str:
    detour = await browser.open(url)
    granted = await browser.open(detour.headers["location"])
    assert granted.status_code == 303
    return granted.headers["location"]


async def test_finding_e3_a_code_in_another_browser_is_worth_nothing(house: House) -> None:
    workspace = await house.workspace(await house.person("ada"))
    ada = await house.signed_in("ada")
    address = await code_address(house, ada, house.url(workspace))

    thief = house.browser()
    assert (await thief.open(address)).status_code == 403, "no nonce of its own"
    await thief.open(house.url(workspace))
    answer = await thief.open(address)
    assert answer.headers["location"].startswith(f"{HUB}/hub/enter")
    assert not thief.named("carrel-ticket")


async def test_finding_e3_a_code_that_was_shown_in_the_wrong_browser_is_spent(house: House) -> None:
    """Somebody begins a detour and has a person finish it: whoever then learns the person's code cannot use it."""
    workspace = await house.workspace(await house.person("ada"))
    ada, mallory = await house.signed_in("ada"), house.browser()
    began = (await mallory.open(house.url(workspace))).headers["location"]
    address = (await ada.open(began)).headers["location"]
    assert (await ada.open(address)).status_code == 403, "the nonce is mallory's"
    answer = await mallory.open(address)
    assert answer.headers["location"].startswith(f"{HUB}/hub/enter")
    assert not mallory.named("carrel-ticket")


async def test_finding_e3_a_code_is_good_once(house: House) -> None:
    workspace = await house.workspace(await house.person("ada"))
    ada = await house.signed_in("ada")
    address = await code_address(house, ada, house.url(workspace))
    nonce = ada.named("carrel-nonce")[0]
    assert (await ada.open(address)).headers["location"] == house.url(workspace)

    replay = house.browser()
    again = await replay.open(address, cookie=f"carrel-nonce={nonce}")
    assert again.headers["location"].startswith(f"{HUB}/hub/enter")
    assert not replay.named("carrel-ticket")


async def test_finding_e3_a_code_runs_out_within_a_minute(house: House) -> None:
    workspace = await house.workspace(await house.person("ada"))
    ada = await house.signed_in("ada")
    address = await code_address(house, ada, house.url(workspace))
    house.clock.at += timedelta(seconds=61)
    assert not (await ada.open(address)).headers["location"].startswith(house.url(workspace))


async def test_finding_e3_a_code_of_a_session_that_ended_meanwhile_is_worth_nothing(house: House) -> None:
    workspace = await house.workspace(await house.person("ada"))
    ada = await house.signed_in("ada")
    address = await code_address(house, ada, house.url(workspace))
    await ada.submit(await ada.open(f"{HUB}/hub/"), "/hub/sign-out", {})
    answer = await ada.open(address)
    assert answer.headers["location"].startswith(f"{HUB}/hub/enter")
    assert not ada.named("carrel-ticket")


async def test_finding_e3_a_code_opens_no_other_door(house: House) -> None:
    ada = await house.person("ada")
    one, two = await house.workspace(ada), await house.workspace(ada, "second")
    browser = await house.signed_in("ada")
    address = await code_address(house, browser, house.url(one))
    await browser.open(house.url(two))
    moved = address.replace(one.id, two.id)
    answer = await browser.open(moved)
    assert answer.headers["location"].startswith(f"{HUB}/hub/enter?workspace={two.id}")
    assert not browser.named("carrel-ticket")


async def test_the_hub_gives_codes_only_for_ones_own(house: House) -> None:
    workspace = await house.workspace(await house.person("ada"))
    await house.person("bob")
    bob = await house.signed_in("bob")
    answer = await bob.follow(house.url(workspace))
    assert answer.status_code == 403
    assert "somebody else" in answer.text
    assert not bob.named("carrel-ticket")


@pytest.mark.parametrize("nonce", ["", "x", "f" * 63, "f" * 65, "F" * 64, "g" * 64, '"><script>'])
async def test_an_address_without_a_nonce_of_ours_is_not_answered(house: House, nonce: str) -> None:
    workspace = await house.workspace(await house.person("ada"))
    ada = await house.signed_in("ada")
    answer = await ada.open(f"{HUB}/hub/enter?workspace={workspace.id}&nonce={nonce}")
    assert answer.status_code == 422


@pytest.mark.parametrize(
    "wish", ["//evil.example/", "..%2F..%2Fhub%2F", "https:%2F%2Fevil.example", "%5C%5Cevil.example", "x%23y"]
)
async def test_whatever_way_back_is_wished_the_code_goes_to_the_workspaces_own_address(
    house: House, wish: str
) -> None:
    workspace = await house.workspace(await house.person("ada"))
    ada = await house.signed_in("ada")
    answer = await ada.open(f"{HUB}/hub/enter?workspace={workspace.id}&nonce={'a' * 64}&next={wish}")
    target = urlsplit(answer.headers["location"])
    assert target.netloc == f"{workspace.id}.localhost:8001"
    assert target.path.startswith(f"/w/{workspace.id}/")
    assert ".." not in target.path
    assert list(parse_qs(target.query)) == ["carrel-code"]


async def test_a_nonce_that_is_not_ours_is_not_written_back(house: House) -> None:
    workspace = await house.workspace(await house.person("ada"))
    browser = house.browser()
    answer = await browser.open(house.url(workspace), cookie="carrel-nonce=x%0d%0aSet-Cookie:%20a=b")
    [cookie] = answer.headers.get_list("set-cookie")
    assert "a=b" not in cookie
    assert "HttpOnly" in cookie
    assert f"Path=/w/{workspace.id}/" in cookie


# --- other people


async def test_a_second_person_is_refused_with_everything_they_could_try(house: House) -> None:
    ada_browser, url = await inside(house, "ada")
    await house.person("bob")
    own = await house.workspace(house_user := await house.person("cora"))
    cora = await house.signed_in("cora")
    await cora.follow(house.url(own))
    [ticket] = cora.named("carrel-ticket")
    token, _ = await tokens.create(house.context, System(), label="x", user_id=house_user.id)

    stranger = house.browser()
    tried = {
        "nothing": {},
        "a ticket of another door": {"cookie": f"carrel-ticket={ticket}"},
        "it as a grace": {"cookie": f"carrel-grace={ticket}"},
        "a token": {"authorization": f"Bearer {token}"},
        "a made-up token": {"authorization": "Bearer crl_" + "x" * 43},
        "a tossed pair": {"cookie": f"carrel-ticket={ticket}; carrel-ticket=x; carrel-grace={ticket}"},
        "her id in a header": {"x-carrel-door": urlsplit(url).path, "x-carrel-user": "ada"},
    }
    for name, headers in tried.items():
        answer = await stranger.fetch(url, **headers)
        assert answer.status_code in (401, 403), name
        assert answer.headers["content-type"] == "application/problem+json"
        assert "x-carrel-door" not in answer.headers
        assert "set-cookie" not in answer.headers
    assert (await ada_browser.fetch(url)).status_code == 200


async def test_finding_25_a_workspaces_server_cannot_turn_a_visitors_cookies_into_another_door(
    house: House,
) -> None:
    """bob's grace for A, replayed by A's own process on the path of another workspace of bob's."""
    bob = await house.person("bob")
    a, b = await house.workspace(bob), await house.workspace(bob, "second")
    browser = await house.signed_in("bob")
    await browser.follow(house.url(a))
    stolen = browser.cookies_for(f"{a.id}.localhost", f"/w/{a.id}/")
    assert "carrel-grace" in stolen
    answer = await house.browser().fetch(house.url(b), cookie=stolen)
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers


async def test_an_admin_says_that_they_mean_it_and_the_owner_sees_it(house: House) -> None:
    workspace = await house.workspace(await house.person("ada"))
    await house.person("eve", Role.ADMIN)
    eve = await house.signed_in("eve")
    page = await eve.follow(house.url(workspace))
    assert "Enter ada" in page.text
    assert not eve.named("carrel-ticket")
    trail = (await audit.page(house.context, System())).items
    assert "enter" not in {entry.action for entry in trail}

    answer = await eve.submit(page, "/hub/enter", {})
    answer = await eve.follow(answer.headers["location"])
    assert answer.headers["x-carrel-door"] == f"/w/{workspace.id}/"
    assert not eve.named("carrel-grace"), "no grace for visitors"
    [entry] = [
        entry for entry in (await audit.page(house.context, System())).items if entry.action == "enter"
    ]
    assert (entry.actor, entry.target) == ("eve", f"workspace:{workspace.id}")
    seen = await house.context.store.read(events.of_workspace, workspace.id)
    assert "eve, an admin, went in." in [event.sentence for event in seen]
    assert (await house.now_of(workspace)).entered_at is None, "a visit is no sign that its owner wants it"


async def test_finding_8_a_visitors_streams_are_brief_and_an_owners_are_not(house: House) -> None:
    """A socket that is open asks nobody: without an end a visiting admin would stay inside after losing the right."""
    workspace = await house.workspace(await house.person("ada"))
    await house.person("eve", Role.ADMIN)
    ada, eve = await house.signed_in("ada"), await house.signed_in("eve")
    asked = await eve.submit(await eve.follow(house.url(workspace)), "/hub/enter", {})
    visit, own = await eve.follow(asked.headers["location"]), await ada.follow(house.url(workspace))
    assert visit.headers[BRIEF] == str(10 * 60 * 1000)
    assert BRIEF not in own.headers
    assert said(eve.named("carrel-ticket")[0])["brief_ms"] == 600_000
    assert "brief_ms" not in said(ada.named("carrel-ticket")[0])
    again = await eve.open(house.url(workspace))
    [kept] = [line for line in again.headers.get_list("set-cookie") if line.startswith("carrel-ticket=")]
    assert "Max-Age=900;" in kept, "a visitor who was away is asked again, and written down again"


async def test_an_admins_token_enters_nobody_elses_workspace(house: House) -> None:
    workspace = await house.workspace(await house.person("ada"))
    eve = await house.person("eve", Role.ADMIN)
    secret, _ = await tokens.create(
        house.context, System(), label="x", user_id=eve.id, scopes=frozenset(Scope)
    )
    answer = await house.browser().fetch(house.url(workspace), authorization=f"Bearer {secret}")
    assert answer.status_code == 403


# --- scripts


async def test_an_owners_token_goes_in_under_both_names_and_gets_no_cookies(house: House) -> None:
    ada = await house.person("ada")
    workspace = await house.workspace(ada)
    secret, token = await tokens.create(house.context, System(), label="ci", user_id=ada.id)
    for host in (f"{workspace.id}.localhost:8001", "localhost:8001", "127.0.0.1:8001"):
        for scheme in ("Bearer", "bearer", "token"):
            answer = await house.browser().fetch(
                f"http://{host}/w/{workspace.id}/api/status", authorization=f"{scheme} {secret}"
            )
            assert answer.status_code == 200
            assert answer.headers["x-carrel-door"] == f"/w/{workspace.id}/"
            assert "set-cookie" not in answer.headers
    assert (await house.now_of(workspace)).entered_at is not None
    [kept] = await tokens.page(house.context, System(), user_id=ada.id)
    assert kept.last_used_at == house.clock.now()
    await tokens.revoke(house.context, System(), token.id)
    answer = await house.browser().fetch(house.url(workspace), authorization=f"Bearer {secret}")
    assert answer.status_code == 401


async def test_a_full_disk_keeps_nobody_out_who_may_go_in(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What would be noted of an entry is no condition of it."""
    ada = await house.person("ada")
    workspace = await house.workspace(ada)
    secret, _ = await tokens.create(house.context, System(), label="ci", user_id=ada.id)

    async def full(*_: object, **__: object) -> None:
        raise Unavailable("The disk is full.")

    monkeypatch.setattr(house.context.store, "write", full)
    answer = await house.browser().fetch(house.url(workspace), authorization=f"Bearer {secret}")
    assert answer.status_code == 200
    asked = await house.browser().fetch(f"{HUB}/hub/api/v1/pools", authorization=f"Bearer {secret}")
    assert asked.status_code == 200
    monkeypatch.undo()
    await house.browser().fetch(house.url(workspace), authorization=f"Bearer {secret}")
    assert (await house.now_of(workspace)).entered_at is not None, "noted as soon as it could be"


async def test_a_token_beside_a_ticket_is_answered_alone(house: House) -> None:
    browser, url = await inside(house, "ada")
    answer = await browser.fetch(url, authorization="Bearer crl_wrong")
    assert answer.status_code == 401


async def test_an_apps_own_use_of_the_header_is_none_of_ours(house: House) -> None:
    browser, url = await inside(house, "ada")
    for value in ("Bearer something-of-the-app", "token abc", "Basic YTpi", ""):
        assert (await browser.fetch(url, authorization=value)).status_code == 200


async def test_scripts_without_anything_get_a_problem_that_says_what_to_send(house: House) -> None:
    workspace = await house.workspace(await house.person("ada"))
    answer = await house.browser().fetch(house.url(workspace))
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["code"] == "unauthenticated"


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"])
async def test_every_method_is_answered(house: House, method: str) -> None:
    browser, url = await inside(house, "ada")
    assert (await browser.fetch(url, method)).status_code == 200
    assert (await house.browser().fetch(url, method)).status_code == 401


async def test_a_websocket_of_a_signed_out_tab_is_refused_and_not_led_elsewhere(house: House) -> None:
    workspace = await house.workspace(await house.person("ada"))
    answer = await house.browser().send("GET", house.url(workspace), upgrade="websocket", accept="text/html")
    assert answer.status_code == 401


# --- what is behind the door


async def test_one_that_starts_again_leads_to_where_one_can_wait(house: House) -> None:
    browser, url = await inside(house, "ada")
    workspace = await house.now_of(await _only(house))
    await house.context.store.write(
        workspace_rows.move, workspace.id, workspace.version, Phase.STARTING, house.clock.now()
    )
    assert (await browser.open(url)).headers["location"] == f"{HUB}/hub/claims/{workspace.claim_id}"
    page = await browser.follow(url)
    assert "It is starting again." in page.text
    assert (await browser.fetch(url)).status_code == 409


async def test_one_that_failed_leads_to_why_and_to_another(house: House) -> None:
    browser, url = await inside(house, "ada")
    workspace = await house.now_of(await _only(house))
    reason = Reason(ReasonCode.CRASHED, "The command ended with exit status 1.")
    await house.context.store.write(
        workspace_rows.move, workspace.id, workspace.version, Phase.FAILED, house.clock.now(), reason=reason
    )
    page = await browser.follow(url)
    assert "exit status 1" in page.text
    assert 'action="/hub/open/lab"' in page.text
    assert (await browser.fetch(url)).status_code == 410


async def test_a_released_one_leads_to_why(house: House) -> None:
    browser, url = await inside(house, "ada")
    workspace = await _only(house)
    assert workspace.claim_id is not None
    await claims.release(house.context, System(), ClaimId(workspace.claim_id))
    page = await browser.follow(url)
    assert page.status_code == 200
    assert "stopped it" in page.text
    assert (await browser.fetch(url)).status_code == 410


async def _only(house: House):  # type: ignore[no-untyped-def]  # noqa: ANN202 - a row of the store
    [row] = (await workspace_list.page(house.context, System(), Wanted())).items
    return row.workspace


# --- how long it takes


async def test_asking_takes_a_few_milliseconds(house: House) -> None:
    browser, url = await inside(house, "ada")
    took = []
    for _ in range(30):
        began = time.process_time()
        assert (await browser.fetch(url)).status_code == 200
        took.append(time.process_time() - began)
    assert sorted(took)[15] < 0.05, (
        "of the processor, which nobody else's work lengthens; the goal is 3 ms, and this bound only sees a mistake"
    )


async def test_hundreds_at_once_are_all_answered(house: House) -> None:
    browser, url = await inside(house, "ada")
    answers = await asyncio.gather(*(browser.fetch(url) for _ in range(300)))
    assert {answer.status_code for answer in answers} == {200}


async def test_a_person_who_never_signed_in_at_this_door_needs_the_hub(house: House) -> None:
    workspace = await house.workspace(await house.person("ada"))
    browser = house.browser()
    assert (await sign_in(browser, "ada")).status_code == 303
    cookies = browser.cookies_for("localhost", "/hub/")
    assert (await browser.fetch(house.url(workspace), cookie=cookies)).status_code == 401
