"""Variables over the API: names are told, values go in and never come out."""

import json
from typing import Any

import httpx
import pytest

from carrel.domain.account import User
from carrel.domain.actor import Role, Scope
from carrel.domain.variable import LARGEST_VALUE, MOST_VARIABLES
from carrel.store import audit, variables

House = Any
API = "/hub/api/v1"
VALUE = "a value that is told to nobody"


@pytest.fixture
async def ada(house: House) -> User:
    found: User = await house.person("ada")
    return found


@pytest.fixture
async def hers(house: House, ada: User) -> httpx.AsyncClient:
    client: httpx.AsyncClient = await house.script(ada)
    return client


async def put(client: httpx.AsyncClient, name: str, value: str, **query: str) -> httpx.Response:
    return await client.put(f"{API}/variables/{name}", json={"value": value}, params=query)


async def names(client: httpx.AsyncClient, **query: str) -> list[str]:
    items = (await client.get(f"{API}/variables", params=query)).json()["items"]
    return [each["name"] for each in items]


async def test_a_variable_is_kept_changed_and_forgotten(
    house: House, ada: User, hers: httpx.AsyncClient
) -> None:
    assert (await put(hers, "API_KEY", "first")).status_code == 200
    answer = await put(hers, "API_KEY", VALUE)
    assert set(answer.json()) == {"name", "changed_at"}
    assert await names(hers) == ["API_KEY"]
    assert await house.context.store.read(variables.values, ada.id) == {"API_KEY": VALUE}
    assert (await hers.delete(f"{API}/variables/API_KEY")).status_code == 204
    assert (await hers.delete(f"{API}/variables/API_KEY")).status_code == 204
    assert await names(hers) == []


async def test_no_value_is_in_an_answer_or_in_the_audit(
    house: House, ada: User, hers: httpx.AsyncClient
) -> None:
    told = [await put(hers, name, VALUE) for name in ("API_KEY", "PATH", "1ST", "CARREL_X")]
    told.append(await put(hers, "LARGE", VALUE * LARGEST_VALUE))
    told.append(await put(hers, "ZERO", VALUE + "\0"))
    told.append(await hers.put(f"{API}/variables/A", content=json.dumps({"value": VALUE, "other": 1})))
    told.append(await hers.get(f"{API}/variables"))
    assert [answer.status_code for answer in told] == [200, 422, 404, *[422] * 4, 200]
    assert not any(VALUE in answer.text for answer in told)
    written = await house.context.store.read(audit.page)
    assert any(entry.action == "put_variable" and entry.detail == "API_KEY" for entry in written.items)
    assert not any(VALUE in str(entry) for entry in written.items)


async def test_there_is_an_end_to_how_many(hers: httpx.AsyncClient) -> None:
    for number in range(MOST_VARIABLES):
        assert (await put(hers, f"V{number}", "x")).status_code == 200
    assert (await put(hers, "ONE_MORE", "x")).status_code == 429
    assert (await put(hers, "V0", "another")).status_code == 200


async def test_others_see_and_change_none_of_mine_and_admins_only_the_names(
    house: House, ada: User, hers: httpx.AsyncClient
) -> None:
    await put(hers, "API_KEY", VALUE)
    bob = await house.script(await house.person("bob"))
    assert (await put(bob, "API_KEY", "his", user=ada.id)).status_code == 403
    assert (await bob.get(f"{API}/variables", params={"user": ada.id})).status_code == 403
    root = await house.script(await house.person("root", Role.ADMIN), *Scope)
    assert await names(root, user=ada.id) == ["API_KEY"]
    assert (await put(root, "COURSE", "x", user=ada.id)).status_code == 200
    assert await names(hers) == ["API_KEY", "COURSE"]
    only_reads = await house.script(ada, Scope.READ)
    assert (await put(only_reads, "API_KEY", "x")).status_code == 403


async def test_an_email_address_is_set_and_taken_away(
    house: House, ada: User, hers: httpx.AsyncClient
) -> None:
    root = await house.script(await house.person("root", Role.ADMIN), *Scope)
    address = f"{API}/users/{ada.id}"
    changed = await root.patch(address, json={"email": "ada@example.org"})
    assert changed.json()["email"] == "ada@example.org"
    assert (await hers.get(address)).json()["email"] == "ada@example.org"
    assert (await root.patch(address, json={"email": "no address"})).status_code == 422
    assert (await root.patch(address, json={"email": ""})).json()["email"] is None
