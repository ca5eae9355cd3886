"""Idempotency-Key: done once, answered the same again; and nothing secret is kept for it."""

import asyncio
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from carrel.domain.actor import Role, Scope
from carrel.domain.errors import Unavailable
from carrel.services import users as user_service

House = Any
API = "/hub/api/v1"
PASSWORD = "correct horse battery staple"


@pytest.fixture
async def root(house: House) -> httpx.AsyncClient:
    await house.pool()
    client: httpx.AsyncClient = await house.browser(await house.person("root", Role.ADMIN))
    return client


def key(text: str = "k1") -> dict[str, str]:
    return {"Idempotency-Key": text}


async def test_the_same_request_is_done_once_and_answered_the_same(root: httpx.AsyncClient) -> None:
    body = {"name": "ada", "password": PASSWORD}
    first = await root.post(f"{API}/users", json=body, headers=key())
    again = await root.post(f"{API}/users", json=body, headers=key())
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["content-type"] == "application/json"
    assert len((await root.get(f"{API}/users")).json()["items"]) == 2


async def test_without_a_key_it_is_done_again(root: httpx.AsyncClient) -> None:
    body = {"name": "ada", "password": PASSWORD}
    assert (await root.post(f"{API}/users", json=body)).status_code == 201
    assert (await root.post(f"{API}/users", json=body)).status_code == 409


async def test_a_different_request_under_the_same_key_is_a_conflict(root: httpx.AsyncClient) -> None:
    await root.post(f"{API}/users", json={"name": "ada", "password": PASSWORD}, headers=key())
    other = await root.post(f"{API}/users", json={"name": "eve", "password": PASSWORD}, headers=key())
    assert (other.status_code, other.json()["code"]) == (409, "conflict")
    elsewhere = await root.post(f"{API}/claims", json={"pool": "lab"}, headers=key())
    assert elsewhere.status_code == 409


async def test_a_key_is_its_persons_own(house: House, root: httpx.AsyncClient) -> None:
    ada, bob = await house.browser(await house.person("ada")), await house.browser(await house.person("bob"))
    hers = await ada.post(f"{API}/claims", json={"pool": "lab"}, headers=key())
    his = await bob.post(f"{API}/claims", json={"pool": "lab"}, headers=key())
    assert hers.json()["id"] != his.json()["id"]


async def test_a_refusal_is_an_answer_too(root: httpx.AsyncClient) -> None:
    first = await root.post(f"{API}/claims", json={"pool": "none"}, headers=key())
    again = await root.post(f"{API}/claims", json={"pool": "none"}, headers=key())
    assert first.status_code == again.status_code == 404
    assert again.content == first.content


async def test_what_was_away_may_be_tried_again_under_the_same_key(
    house: House, root: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object, **__: object) -> None:
        raise Unavailable("Away. Try again.")

    with monkeypatch.context() as patched:
        patched.setattr("carrel.services.claims.claim", away)
        assert (await root.post(f"{API}/claims", json={"pool": "lab"}, headers=key())).status_code == 503
    assert (await root.post(f"{API}/claims", json={"pool": "lab"}, headers=key())).status_code == 202


async def test_a_limit_that_was_reached_is_no_answer_for_the_whole_day(house: House) -> None:
    """Whoever waits as Retry-After says and repeats the request must not be told of a limit that is long gone."""
    await house.pool(per_user=1)
    ada = await house.browser(await house.person("ada"))
    first = (await ada.post(f"{API}/claims", json={"pool": "lab"})).json()
    other = {"pool": "lab", "name": "other"}
    assert (await ada.post(f"{API}/claims", json=other, headers=key())).status_code == 429
    await ada.delete(f"{API}/claims/{first['id']}")
    assert (await ada.post(f"{API}/claims", json=other, headers=key())).status_code == 202


async def test_what_one_token_may_not_do_another_may_under_the_same_key(house: House) -> None:
    await house.pool()
    ada = await house.person("ada")
    narrow, wide = await house.script(ada, Scope.READ), await house.script(ada, Scope.USE)
    assert (await narrow.post(f"{API}/claims", json={"pool": "lab"}, headers=key())).status_code == 403
    assert (await wide.post(f"{API}/claims", json={"pool": "lab"}, headers=key())).status_code == 202


async def test_an_accident_frees_the_key(root: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr("carrel.services.claims.claim", broken)
        assert (await root.post(f"{API}/claims", json={"pool": "lab"}, headers=key())).status_code == 500
    assert (await root.post(f"{API}/claims", json={"pool": "lab"}, headers=key())).status_code == 202


async def test_a_request_still_under_way_is_not_begun_twice(
    root: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_go_on, has_begun, begun = asyncio.Event(), asyncio.Event(), []
    create = user_service.create

    async def slow(*args: Any, **kwargs: Any) -> Any:
        begun.append(1)
        has_begun.set()
        await may_go_on.wait()
        return await create(*args, **kwargs)

    monkeypatch.setattr("carrel.services.users.create", slow)
    body = {"name": "ada", "password": PASSWORD}
    first = asyncio.create_task(root.post(f"{API}/users", json=body, headers=key()))
    await asyncio.wait_for(has_begun.wait(), 5)
    meanwhile = await root.post(f"{API}/users", json=body, headers=key())
    may_go_on.set()
    assert (await first).status_code == 201
    assert (meanwhile.status_code, len(begun)) == (409, 1)


async def test_a_tokens_secret_is_told_once_and_kept_nowhere(house: House, root: httpx.AsyncClient) -> None:
    first = await root.post(f"{API}/tokens", json={"label": "ci"}, headers=key())
    secret = first.json()["secret"]
    assert secret.startswith("crl_")
    again = await root.post(f"{API}/tokens", json={"label": "ci"}, headers=key())
    assert again.status_code == 409
    assert secret not in again.text
    assert len((await root.get(f"{API}/tokens")).json()["items"]) == 1
    assert secret not in await everything_stored(house)


async def test_neither_a_password_nor_its_quick_hash_is_kept(house: House, root: httpx.AsyncClient) -> None:
    one = {"name": "ada", "password": PASSWORD}
    await root.post(f"{API}/users", json=one, headers=key())
    assert PASSWORD not in await everything_stored(house)
    other = await root.post(f"{API}/users", json=one | {"password": "another password"}, headers=key())
    assert other.status_code == 201  # the fingerprint does not know the password


async def everything_stored(house: House) -> str:
    def read(conn: sa.Connection) -> str:
        tables = sa.inspect(conn).get_table_names()
        return str([conn.execute(sa.text(f"SELECT * FROM {name}")).all() for name in tables])

    found: str = await house.context.store.read(read)
    return found


@pytest.mark.parametrize("bad", ["", " ", "a b", "x" * 201, "é"])
async def test_a_key_that_is_none_is_refused(root: httpx.AsyncClient, bad: str) -> None:
    headers = {b"Idempotency-Key": bad.encode()}
    answer = await root.post(f"{API}/claims", json={"pool": "lab"}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


async def test_a_lost_answer_to_a_claim_is_repeated_word_for_word(
    house: House, root: httpx.AsyncClient
) -> None:
    await house.warm()
    first = await root.post(f"{API}/claims", json={"pool": "lab"}, headers=key())
    again = await root.post(f"{API}/claims", json={"pool": "lab"}, headers=key())
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
