"""People on the admin pages and over the API: let in one by one or by the class, changed, signed out; and nobody locks everybody out."""

import re
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from carrel.domain.account import User
from carrel.domain.actor import Person, Role, Scope, System
from carrel.domain.claim import ClaimState
from carrel.domain.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from carrel.domain.ids import SessionId, UserId
from carrel.services import audit, invitations, links, newcomers, sessions, tokens, users
from carrel.services.newcomers import Newcomer
from carrel.services.user_changes import Change
from carrel.store import claims
from carrel.store import users as user_rows

from .test_admin_lists import NAVIGATION, submit, text_of

House = Any
PEOPLE = "/hub/admin/people"
API = "/hub/api/v1/users"
PASSWORD = "correct horse battery"


@pytest.fixture
async def root(house: House) -> httpx.AsyncClient:
    await house.pool()
    client: httpx.AsyncClient = await house.browser(await house.person("root", Role.ADMIN))
    client.headers.update(NAVIGATION)
    return client


def as_person(user: User) -> Person:
    return Person(user.id, user.name, user.role, SessionId("saaaaaaaaaaaaaaa"))


async def signs_in(house: House, name: str, password: str) -> bool:
    try:
        await sessions.sign_in(house.context, name=name, password=password, address="127.0.0.1")
    except Unauthenticated:
        return False
    return True


async def let_in(client: httpx.AsyncClient, **fields: str) -> httpx.Response:
    return await submit(client, await text_of(client, f"{PEOPLE}/new"), f"{PEOPLE}/new", fields)


async def do(client: httpx.AsyncClient, user: User, what: str, **fields: str) -> httpx.Response:
    page = await text_of(client, f"{PEOPLE}/{user.id}")
    return await submit(client, page, f"{PEOPLE}/{user.id}/{what}", fields)


# --- letting people in


async def test_a_password_made_here_is_shown_once_and_works(house: House, root: httpx.AsyncClient) -> None:
    answer = await let_in(root, name="Ada", display_name="Ada L.", role="user", way="generated")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    found = re.search(r"<code>([a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4})</code>", answer.text)
    assert found is not None
    assert await signs_in(house, "ada", found[1])
    assert found[1] not in repr((await audit.page(house.context, System())).items)
    assert found[1] not in await text_of(root, PEOPLE)


async def test_a_password_that_was_typed_is_not_shown(house: House, root: httpx.AsyncClient) -> None:
    answer = await let_in(root, name="ada", role="admin", way="typed", password=PASSWORD)
    assert PASSWORD not in answer.text
    assert await signs_in(house, "ada", PASSWORD)
    user = await house.context.store.read(user_rows.by_name, "ada")
    assert (user.role, user.display_name) == (Role.ADMIN, "ada")


async def test_a_link_signs_its_person_in_once(house: House, root: httpx.AsyncClient) -> None:
    answer = await let_in(root, name="ada", role="user", way="link")
    found = re.search(r'data-copy="([^"]+)"', answer.text)
    assert found is not None
    query = parse_qs(urlsplit(unescape(found[1])).query)
    assert query["next"] == ["/hub/account"]
    signed_in = await sessions.sign_in_by_link(house.context, code=query["link"][0], address="127.0.0.1")
    assert signed_in.person.name == "ada"
    with pytest.raises(Unauthenticated, match="used before"):
        await sessions.sign_in_by_link(house.context, code=query["link"][0], address="127.0.0.1")


@pytest.mark.parametrize(
    ("fields", "status", "sentence"),
    [
        ({"name": "", "way": "generated"}, 422, "A user's name is"),
        ({"name": "root", "way": "generated"}, 409, "already somebody called 'root'"),
        ({"name": "ada", "way": "typed", "password": "short"}, 422, "A password has 8"),
        ({"name": "ada", "way": ""}, 422, "A password has 8"),
        ({"name": "ada", "way": "generated", "display_name": "x" * 201}, 422, "A display name is"),
    ],
)
async def test_a_refused_form_comes_back_as_it_was_typed(
    house: House, root: httpx.AsyncClient, fields: dict[str, str], status: int, sentence: str
) -> None:
    answer = await let_in(root, **fields)
    assert answer.status_code == status
    page = unescape(answer.text)
    assert sentence in page
    assert f'name="name" type="text" value="{fields["name"]}"' in page
    assert "short" not in re.findall(r'type="password" value="([^"]*)"', page)
    assert (await users.page(house.context, System(), name="ada")).items == []


async def test_a_class_is_let_in_with_passwords_for_everybody(house: House, root: httpx.AsyncClient) -> None:
    page = await text_of(root, f"{PEOPLE}/new")
    names = "\n".join(f"pupil{number:02}, Pupil {number}" for number in range(5))
    answer = await submit(root, page, f"{PEOPLE}/class", {"people": names})
    rows = re.findall(
        r"<th scope=\"row\">(\w+)</th><td[^>]*>([\w ]+)</td><td><code>([\w-]+)</code>", answer.text
    )
    assert [(name, called) for name, called, _ in rows] == [(f"pupil{n:02}", f"Pupil {n}") for n in range(5)]
    assert len({password for *_, password in rows}) == 5
    assert await signs_in(house, rows[3][0], rows[3][2])
    table = re.search(r'data-copy="(Name\tCalled\tPassword[^"]*)"', answer.text)
    assert table is not None
    assert table[1].splitlines()[1] == "\t".join(rows[0])


async def test_all_of_a_class_or_none(house: House, root: httpx.AsyncClient) -> None:
    await house.person("ada")
    page = await text_of(root, f"{PEOPLE}/new")
    for names, sentence in (
        ("bob\nada", "Already there: ada."),
        ("bob\nBOB", "Named more than once: bob."),
        ("bob\n" + "x" * 101, "Line 2"),
        ("\n".join(f"p{number}" for number in range(101)), "1 to 100 people"),
    ):
        answer = await submit(root, page, f"{PEOPLE}/class", {"people": names})
        assert answer.status_code in (409, 422)
        assert sentence in unescape(answer.text)
        assert names.splitlines()[0] in answer.text, "what was typed is still there"
    assert (await users.page(house.context, System(), name="bob")).items == []


async def test_a_class_over_the_api_is_told_its_passwords_once(house: House, root: httpx.AsyncClient) -> None:
    body = {"people": [{"name": "Ada"}, {"name": "bob", "display_name": "Bob B.", "role": "admin"}]}
    headers = {"Idempotency-Key": "k1"}
    answer = await root.post(f"{API}/batch", json=body, headers=headers)
    assert answer.status_code == 201
    made = answer.json()["items"]
    assert [(one["name"], one["display_name"], one["role"]) for one in made] == [
        ("ada", "Ada", "user"),
        ("bob", "Bob B.", "admin"),
    ]
    assert await signs_in(house, "bob", made[1]["password"])
    again = await root.post(f"{API}/batch", json=body, headers=headers)
    assert again.status_code == 409
    assert "told only once" in again.json()["detail"]


async def test_only_admins_let_a_class_in_or_invite(house: House) -> None:
    ada, bob = as_person(await house.person("ada")), await house.person("bob")
    with pytest.raises(Forbidden):
        await newcomers.create(house.context, ada, [Newcomer("new")])
    with pytest.raises(Forbidden):
        await invitations.invite(house.context, ada, bob.id)
    with pytest.raises(Forbidden):
        await users.sign_out(house.context, ada, bob.id)


# --- the list and the page of one


async def test_people_are_found_and_listed_with_what_they_have(house: House, root: httpx.AsyncClient) -> None:
    ada, bob = await house.person("ada"), await house.person("bob")
    await house.warm()
    await (await house.browser(ada)).post("/hub/api/v1/claims", json={"pool": "lab"})
    await users.disable(house.context, System(), bob.id)

    async def listed(**query: str) -> list[str]:
        return re.findall(r"/people/[a-z0-9]{16}\">([^<]+)</a>", await text_of(root, PEOPLE, **query))

    assert await listed() == ["ada", "bob", "root"]
    assert await listed(q="AD") == ["ada"]
    assert await listed(kind="admin") == ["root"]
    assert await listed(kind="disabled") == ["bob"]
    assert await listed(kind="nonsense") == ["ada", "bob", "root"]
    assert "Nobody like that" in await text_of(root, PEOPLE, q="zz")
    assert '<td class="number">1</td>' in await text_of(root, PEOPLE, q="ada")
    assert [one["name"] for one in (await root.get(API, params={"name": "ADA"})).json()["items"]] == ["ada"]
    assert (await root.get(API, params={"name": "ad"})).json()["items"] == []
    assert [one["name"] for one in (await root.get(API, params={"q": "ro"})).json()["items"]] == ["root"]


async def test_long_lists_of_people_have_pages(house: House, root: httpx.AsyncClient) -> None:
    for number in range(55):
        await house.person(f"p{number:02}")
    first = await text_of(root, PEOPLE, q="p")
    onwards = re.search(r'href="([^"]*after=[^"]*)"', first)
    assert onwards is not None
    second = await text_of(root, onwards[1])
    found = re.findall(r">(p\d\d)</a>", first + second)
    assert found == [f"p{number:02}" for number in range(55)]


async def test_one_persons_page_tells_what_they_have_and_revokes_a_token(
    house: House, root: httpx.AsyncClient
) -> None:
    ada = await house.person("ada")
    await house.warm()
    browser = await house.browser(ada)
    held = (await browser.post("/hub/api/v1/claims", json={"pool": "lab"})).json()["workspace"]
    secret, token = await tokens.create(house.context, as_person(ada), label="ci")
    page = await text_of(root, f"{PEOPLE}/{ada.id}")
    assert f"/hub/workspaces/{held['id']}" in page
    assert "in one browser" in page
    done = await do(root, ada, f"tokens/{token.id}/revoke")
    assert done.headers["location"] == f"{PEOPLE}/{ada.id}?done=revoked"
    assert await tokens.holder_of(house.context, secret) is None
    assert (await root.get(f"{PEOPLE}/unobodyhasthisid")).status_code == 404
    assert (await root.get(f"{PEOPLE}/nonsense")).status_code == 404


async def test_a_new_password_ends_sessions_and_is_shown_only_when_made_here(
    house: House, root: httpx.AsyncClient
) -> None:
    ada = await house.person("ada")
    browser = await house.browser(ada)
    typed = await do(root, ada, "password", password=PASSWORD)
    assert typed.headers["location"] == f"{PEOPLE}/{ada.id}?done=person-password"
    assert await signs_in(house, "ada", PASSWORD)
    assert (await browser.get("/hub/api/v1/claims")).status_code == 401
    made = await do(root, ada, "password", password="")
    found = re.search(r'data-copy="([\w-]{14})"', made.text)
    assert found is not None
    assert await signs_in(house, "ada", found[1])
    assert not await signs_in(house, "ada", PASSWORD)
    refused = await do(root, ada, "password", password="short")
    assert (refused.status_code, "A password has 8" in refused.text) == (422, True)


async def test_a_link_takes_the_place_of_password_and_sessions(house: House, root: httpx.AsyncClient) -> None:
    ada = await house.person("ada")
    await users.set_password(house.context, System(), ada.id, PASSWORD)
    browser = await house.browser(ada)
    first, second = [(await do(root, ada, "link")).text for _ in range(2)]
    codes = [
        parse_qs(urlsplit(unescape(re.findall(r'data-copy="(http[^"]+)"', one)[0])).query)["link"][0]
        for one in (first, second)
    ]
    assert not await signs_in(house, "ada", PASSWORD)
    assert (await browser.get("/hub/api/v1/claims")).status_code == 401
    with pytest.raises(Unauthenticated):
        await sessions.sign_in_by_link(house.context, code=codes[0], address="127.0.0.1")
    assert (
        await sessions.sign_in_by_link(house.context, code=codes[1], address="127.0.0.1")
    ).person.name == "ada"
    third = await root.post(f"{API}/{ada.id}/invitation")
    code = parse_qs(urlsplit(third.json()["url"]).query)["link"][0]
    await users.set_password(house.context, System(), ada.id, PASSWORD)
    with pytest.raises(Unauthenticated):
        await sessions.sign_in_by_link(house.context, code=code, address="127.0.0.1")


async def test_no_link_outlives_what_was_done_about_it(house: House, root: httpx.AsyncClient) -> None:
    """Whoever disables somebody because a link went astray, and enables them again, has not let the finder in."""
    ada = await house.person("ada")
    invited = await invitations.invite(house.context, System(), ada.id)
    await users.disable(house.context, System(), ada.id)
    await users.enable(house.context, System(), ada.id)
    admins = await links.make(house.context, System())
    await users.set_password(house.context, System(), admins.user.id, PASSWORD)
    for link in (invited.url, admins.url):
        code = parse_qs(urlsplit(link).query)["link"][0]
        with pytest.raises(Unauthenticated):
            await sessions.sign_in_by_link(house.context, code=code, address="127.0.0.1")


async def test_a_link_for_somebody_disabled_or_unknown_is_refused(house: House) -> None:
    ada = await house.person("ada")
    await users.disable(house.context, System(), ada.id)
    with pytest.raises(Conflict, match="disabled"):
        await invitations.invite(house.context, System(), ada.id)
    with pytest.raises(NotFound):
        await invitations.invite(house.context, System(), UserId("unobodyhasthisid"))


async def test_signing_out_everywhere_leaves_password_and_tokens(
    house: House, root: httpx.AsyncClient
) -> None:
    ada = await house.person("ada")
    await users.set_password(house.context, System(), ada.id, PASSWORD)
    one, two = await house.browser(ada), await house.browser(ada)
    script = await house.script(ada)
    done = await do(root, ada, "sign-out")
    assert done.headers["location"].endswith("?done=person-sign-out")
    assert [(await client.get("/hub/api/v1/claims")).status_code for client in (one, two, script)] == [
        401,
        401,
        200,
    ]
    assert await signs_in(house, "ada", PASSWORD)
    answer = await root.delete(f"{API}/{ada.id}/sessions")
    assert (answer.status_code, answer.json()["name"]) == (200, "ada")
    [entry, *_] = (await audit.page(house.context, System())).items
    assert (entry.actor, entry.action, entry.detail) == ("root", "sign_out_everywhere", "1 sessions")


async def test_roles_names_and_disabling_from_the_page(house: House, root: httpx.AsyncClient) -> None:
    ada = await house.person("ada")
    await house.warm()
    await (await house.browser(ada)).post("/hub/api/v1/claims", json={"pool": "lab"})

    async def now() -> User:
        found: User = await house.context.store.read(user_rows.get, ada.id)
        return found

    await do(root, ada, "make-admin")
    assert (await now()).role is Role.ADMIN
    await do(root, ada, "make-user")
    await do(root, ada, "name", display_name=" Lady L. ")
    assert ((await now()).role, (await now()).display_name) == (Role.USER, "Lady L.")
    assert (await do(root, ada, "name", display_name="")).status_code == 422
    done = await do(root, ada, "disable")
    assert "done=person-disable" in done.headers["location"]
    assert (await now()).disabled_at is not None
    held = (await house.context.store.read(claims.of_user, ada.id)).items
    assert [claim.state for claim in held] == [ClaimState.RELEASED]
    await do(root, ada, "enable")
    assert (await now()).disabled_at is None
    odd = await root.post(f"{PEOPLE}/{ada.id}/explode")
    assert odd.status_code == 403


# --- nobody locks everybody out


async def test_oneself_is_left_alone(house: House, root: httpx.AsyncClient) -> None:
    me = house.people["root"]
    page = await text_of(root, f"{PEOPLE}/{me.id}")
    assert "your account page" in page
    assert f"{PEOPLE}/{me.id}/disable" not in page
    key = re.findall(r'name="form_key" value="(\w+)"', page)[0]
    for what in ("disable", "make-user", "password", "link"):
        answer = await root.post(f"{PEOPLE}/{me.id}/{what}", data={"form_key": key})
        assert answer.status_code == 409, what
    assert (await root.get(PEOPLE)).status_code == 200, "still signed in, still an admin"


async def test_the_last_admin_stays_one(house: House) -> None:
    """An admin's token of somebody who was just demoted is the way to try: its holder is not the one who is left."""
    eve, ada = await house.person("eve", Role.ADMIN), await house.person("ada", Role.ADMIN)
    actor = as_person(eve)
    await users.set_role(house.context, actor, ada.id, Role.USER)
    stale = as_person(ada)
    for change in (Change(role=Role.USER), Change(disabled=True)):
        with pytest.raises(Conflict, match="last admin"):
            await users.change(house.context, stale, eve.id, change)
    found = await house.context.store.read(user_rows.get, eve.id)
    assert (found.role, found.disabled_at) == (Role.ADMIN, None)
    await users.set_role(house.context, System("owner"), eve.id, Role.USER)
    assert (await house.context.store.read(user_rows.get, eve.id)).role is Role.USER, "the owner can undo it"


async def test_a_change_is_done_whole_or_not_at_all(house: House, root: httpx.AsyncClient) -> None:
    ada = await house.person("ada")
    for wrong in (
        {"role": "admin", "password": "short"},
        {"role": "admin", "display_name": ""},
        {"role": "admin", "display_name": "a\nb"},
        {"role": "admin", "size": 3},
    ):
        assert (await root.patch(f"{API}/{ada.id}", json=wrong)).status_code == 422
    assert (await house.context.store.read(user_rows.get, ada.id)).role is Role.USER
    body = {"role": "admin", "password": PASSWORD, "display_name": "Lady L."}
    changed = (await root.patch(f"{API}/{ada.id}", json=body)).json()
    assert (changed["role"], changed["display_name"]) == ("admin", "Lady L.")
    trail = (await audit.page(house.context, System(), limit=3)).items
    assert {entry.action for entry in trail} == {"set_password", "rename_user", "set_role"}
    mine = await root.patch(f"{API}/{house.people['root'].id}", json={"role": "user", "display_name": "New"})
    assert mine.status_code == 409
    assert (await house.context.store.read(user_rows.get, house.people["root"].id)).display_name == "Root"


async def test_a_token_without_the_scope_changes_nobody(house: House) -> None:
    eve, ada = await house.person("eve", Role.ADMIN), await house.person("ada")
    script = await house.script(eve, Scope.READ, Scope.USE)
    assert (await script.patch(f"{API}/{ada.id}", json={"role": "admin"})).status_code == 403
    assert (await script.post(f"{API}/{ada.id}/invitation")).status_code == 403


async def test_nobody_is_named_nothing(house: House) -> None:
    with pytest.raises(Invalid):
        await newcomers.create(house.context, System(), [])
    with pytest.raises(Invalid, match="A user's name"):
        await newcomers.create(house.context, System(), [Newcomer("ada"), Newcomer(" ")])
    assert (await users.page(house.context, System())).items == []
