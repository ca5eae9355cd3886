"""The account page: a new password, tokens that are shown once, and signing out everywhere."""

import re
from typing import Any

import httpx
import pytest

from carrel.domain.account import User
from carrel.domain.actor import Role, Scope
from carrel.services import tokens
from carrel.store import users, variables

from .asking import acting, forms, read, submit, words

House = Any
ACCOUNT = "/hub/account"
OLD, NEW = "the password of ada", "a quite different one"


@pytest.fixture
async def ada(house: House) -> User:
    found: User = await house.person("ada")
    await house.context.store.write(users.put_password, found.id, await house.context.passwords.hash(OLD))
    return found


@pytest.fixture
async def browser(house: House, ada: User) -> httpx.AsyncClient:
    client: httpx.AsyncClient = await house.browser(ada)
    return client


async def test_the_password_is_changed_and_the_other_browsers_are_out(
    house: House, ada: User, browser: httpx.AsyncClient
) -> None:
    other = await house.browser(ada)
    page = await read(browser, ACCOUNT)
    assert "In 2 browsers, this one included." in words(page)
    change = f"{ACCOUNT}/password"
    answer = await submit(browser, page, change, old=OLD, new=NEW, again=NEW)
    assert answer.headers["location"] == f"{ACCOUNT}?done=password"
    assert "Every other browser was signed out." in words(await read(browser, f"{ACCOUNT}?done=password"))
    assert "In this browser only." in words(await read(browser, ACCOUNT))
    gone = await other.get(ACCOUNT, headers={"Accept": "text/html"})
    assert gone.headers["location"].startswith("/hub/sign-in")


@pytest.mark.parametrize(
    ("old", "new", "again", "sentence"),
    [
        ("wrong", NEW, NEW, "That is not your password."),
        (OLD, NEW, "another one", "The two new passwords are not the same."),
        (OLD, "short", "short", "A password has 8 to 1024 characters."),
    ],
)
async def test_a_refused_change_is_shown_with_its_sentence_and_without_the_passwords(
    browser: httpx.AsyncClient, *, old: str, new: str, again: str, sentence: str
) -> None:
    page = await read(browser, ACCOUNT)
    answer = await submit(browser, page, f"{ACCOUNT}/password", old=old, new=new, again=again)
    assert answer.status_code == 422
    assert sentence in words(answer.text)
    assert not {old, new, again} & set(re.findall(r'value="([^"]*)"', answer.text))


async def test_whoever_has_none_sets_their_first(house: House) -> None:
    root = await house.browser(await house.person("root", Role.ADMIN))
    page = await read(root, ACCOUNT)
    assert "You came by a one-time link." in words(page)
    assert 'name="old"' not in page
    answer = await submit(root, page, f"{ACCOUNT}/password", new=NEW, again=NEW)
    assert answer.headers["location"] == f"{ACCOUNT}?done=password"
    assert 'name="old"' in await read(root, ACCOUNT)


async def test_a_token_is_shown_once_works_and_is_revoked(
    house: House, ada: User, browser: httpx.AsyncClient
) -> None:
    page = await read(browser, ACCOUNT)
    made = await submit(browser, page, f"{ACCOUNT}/tokens", label="<my> script", scope="use", days="30")
    assert made.status_code == 200
    assert made.headers["cache-control"] == "no-store"
    secret = re.findall(r'data-copy="(crl_[^"]+)"', made.text)[0]
    script = await house.client({"Authorization": f"Bearer {secret}"})
    assert (await script.get("/hub/api/v1/claims")).status_code == 200
    page = await read(browser, ACCOUNT)
    assert secret not in page
    assert "&lt;my&gt; script" in page
    [token] = await tokens.page(house.context, acting(ada))
    assert (token.scopes, token.made_by) == ({Scope.USE}, None)
    answer = await submit(browser, page, f"{ACCOUNT}/tokens/{token.id}/revoke")
    assert answer.headers["location"] == f"{ACCOUNT}?done=revoked"
    assert (await script.get("/hub/api/v1/claims")).status_code == 401
    assert f"{ACCOUNT}/tokens/{token.id}/revoke" not in forms(await read(browser, ACCOUNT))


@pytest.mark.parametrize(
    ("label", "scope", "days", "sentence"),
    [
        ("", "use", "30", "label"),
        ("x", "admin", "30", "admin"),
        ("x", "everything", "30", "Choose what the token may be used for."),
        ("x", "use", "-1", "Choose how long the token is to be valid."),
    ],
)
async def test_a_token_that_cannot_be_is_refused_in_words(
    house: House, ada: User, browser: httpx.AsyncClient, *, label: str, scope: str, days: str, sentence: str
) -> None:
    page = await read(browser, ACCOUNT)
    answer = await submit(browser, page, f"{ACCOUNT}/tokens", label=label, scope=scope, days=days)
    assert answer.status_code == 422
    assert sentence in words(answer.text)
    assert await tokens.page(house.context, acting(ada)) == []


async def test_only_admins_are_offered_an_admins_token(house: House, browser: httpx.AsyncClient) -> None:
    root = await house.browser(await house.person("root", Role.ADMIN))
    assert '<option value="admin"' in await read(root, ACCOUNT)
    assert '<option value="admin"' not in await read(browser, ACCOUNT)


async def test_it_says_who_else_may_know_a_token(house: House, ada: User, browser: httpx.AsyncClient) -> None:
    root = await house.person("root", Role.ADMIN)
    await tokens.create(house.context, acting(root), label="for the class", user_id=ada.id)
    assert "by root, who may know it" in words(await read(browser, ACCOUNT))


async def test_signing_out_everywhere_includes_here(
    house: House, ada: User, browser: httpx.AsyncClient
) -> None:
    other = await house.browser(ada)
    answer = await submit(browser, await read(browser, ACCOUNT), f"{ACCOUNT}/sign-out-everywhere")
    assert answer.headers["location"] == "/hub/sign-in"
    assert answer.headers.get_list("set-cookie")
    for client in (browser, other):
        gone = await client.get(ACCOUNT, headers={"Accept": "text/html"})
        assert gone.headers["location"].startswith("/hub/sign-in")


@pytest.mark.parametrize("action", ["password", "tokens", "sign-out-everywhere"])
async def test_a_form_of_somebody_else_does_nothing(browser: httpx.AsyncClient, action: str) -> None:
    answer = await browser.post(f"{ACCOUNT}/{action}", data={"form_key": "0" * 64})
    assert answer.status_code == 403


async def test_a_variable_is_kept_listed_without_its_value_and_forgotten(
    house: House, ada: User, browser: httpx.AsyncClient
) -> None:
    page = await read(browser, ACCOUNT)
    form = f"{ACCOUNT}/variables"
    answer = await submit(browser, page, form, name="API_KEY", value="told to\r\nnobody again")
    assert answer.headers["location"] == f"{ACCOUNT}?done=variable-kept"
    page = await read(browser, ACCOUNT)
    assert "API_KEY" in words(page)
    assert "nobody again" not in page
    kept = await house.context.store.read(variables.values, ada.id)
    assert kept == {"API_KEY": "told to\nnobody again"}
    refused = await submit(browser, page, form, name="PATH", value="told to nobody")
    assert refused.status_code == 422
    assert "Choose another name." in words(refused.text)
    assert "told to nobody" not in refused.text
    gone = await submit(browser, page, f"{form}/API_KEY/forget")
    assert gone.headers["location"] == f"{ACCOUNT}?done=variable-gone"
    assert await house.context.store.read(variables.values, ada.id) == {}


async def test_the_name_and_the_address_that_commits_bear_are_changed(
    house: House, ada: User, browser: httpx.AsyncClient
) -> None:
    form = f"{ACCOUNT}/profile"
    page = await read(browser, ACCOUNT)
    await submit(browser, page, form, display_name="Ada Lovelace", email="ada@example.org")
    found = await house.context.store.read(users.get, ada.id)
    assert (found.display_name, found.email) == ("Ada Lovelace", "ada@example.org")
    refused = await submit(browser, page, form, display_name="Ada", email="nowhere")
    assert refused.status_code == 422
    assert "That is no e-mail address." in words(refused.text)
