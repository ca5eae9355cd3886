"""The list of workspaces over the API: filters, sorts, pages, and how little it asks the database for however many there are."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from carrel.domain.actor import Role

House = Any
LIST = "/hub/api/v1/workspaces"


@contextmanager
def statements() -> Iterator[list[str]]:
    """What every engine of this process is asked meanwhile."""
    asked: list[str] = []

    def hear(*given: Any) -> None:
        asked.append(given[2])

    sa.event.listen(Engine, "before_cursor_execute", hear)
    try:
        yield asked
    finally:
        sa.event.remove(Engine, "before_cursor_execute", hear)


@pytest.fixture
async def root(house: House) -> httpx.AsyncClient:
    await house.pool("art", limit=100)
    await house.pool("zoo", limit=100)
    client: httpx.AsyncClient = await house.browser(await house.person("root", Role.ADMIN))
    return client


async def held(house: House, name: str, pool: str) -> str:
    await house.warm(pool)
    person = await house.browser(house.people.get(name) or await house.person(name))
    claim = (await person.post("/hub/api/v1/claims", json={"pool": pool})).json()
    found: str = claim["workspace"]["id"]
    return found


async def listed(client: httpx.AsyncClient, **query: Any) -> list[str]:
    answer = await client.get(LIST, params=query)
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["items"]]


async def test_a_list_names_owner_template_and_end(house: House, root: httpx.AsyncClient) -> None:
    mine = await held(house, "ada", "art")
    [found] = (await root.get(LIST)).json()["items"]
    assert (found["id"], found["owner_name"], found["template"], found["backend"]) == (
        mine,
        "ada",
        "jupyterlab",
        "memory",
    )
    assert found["owner"] == house.people["ada"].id
    assert found["url"].endswith(f"/w/{mine}/lab")
    assert found["stops_at"] > found["created_at"]


async def test_filters_and_sorts_are_the_servers(house: House, root: httpx.AsyncClient) -> None:
    bobs, adas = await held(house, "bob", "art"), await held(house, "ada", "zoo")
    [warm] = [one.id for one in await house.warm("zoo")]
    assert await listed(root) == [warm, adas, bobs]
    assert await listed(root, sort="owner") == [adas, bobs, warm]
    assert await listed(root, sort="owner", order="desc") == [bobs, adas, warm]
    assert await listed(root, sort="created_at", order="asc") == [bobs, adas, warm]
    assert await listed(root, holding="warm") == [warm]
    assert await listed(root, holding="claimed", pool="zoo") == [adas]
    assert await listed(root, owner_name="B") == [bobs]
    assert await listed(root, q=adas[:6]) == [adas]
    assert await listed(root, phase=["failed", "gone"]) == []
    for wrong in ({"sort": "colour"}, {"order": "up"}, {"holding": "cold"}, {"q": ""}, {"phase": "asleep"}):
        assert (await root.get(LIST, params=wrong)).status_code == 422


async def test_pages_join_without_a_gap_in_any_sort(house: House, root: httpx.AsyncClient) -> None:
    await house.warm("art", 3)
    for name in ("ada", "bob", "cid"):
        await held(house, name, "zoo")
    whole = await listed(root)
    for sort in ("created_at", "owner", "pool", "phase", "last_active_at", "stops_at"):
        found, after = [], None
        while True:
            query = {"sort": sort, "limit": 2, **({"after": after} if after else {})}
            page = (await root.get(LIST, params=query)).json()
            found += [one["id"] for one in page["items"]]
            after = page["next"]
            if after is None:
                break
        assert sorted(found) == sorted(whole), sort


async def test_a_cursor_of_another_sort_is_refused_with_advice(house: House, root: httpx.AsyncClient) -> None:
    await house.warm("art", 2)
    after = (await root.get(LIST, params={"limit": 1})).json()["next"]
    answer = await root.get(LIST, params={"sort": "owner", "after": after})
    assert answer.status_code == 422
    assert "Start again at the first page" in answer.json()["detail"]


async def test_people_see_their_own_whatever_they_ask_for(house: House, root: httpx.AsyncClient) -> None:
    await held(house, "bob", "art")
    mine = await held(house, "ada", "zoo")
    ada = await house.browser(house.people["ada"])
    assert await listed(ada) == [mine]
    assert await listed(ada, owner_name="bob") == []
    assert await listed(ada, holding="claimed") == [mine]
    assert (await ada.get(LIST, params={"owner": house.people["bob"].id})).status_code == 403


async def test_the_list_asks_no_more_for_many_than_for_one(house: House, root: httpx.AsyncClient) -> None:
    await held(house, "ada", "art")
    with statements() as for_one:
        await listed(root)
    for name in ("bob", "cid", "dan"):
        await held(house, name, "zoo")
    await house.warm("art", 9)
    with statements() as for_many:
        assert len(await listed(root)) == 13
    assert len(for_many) == len(for_one) <= 5, for_many
