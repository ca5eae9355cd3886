"""Sign-in links over the API: for the owner of the state directory, and for nobody else."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from carrel.domain.actor import Role, Scope
from carrel.domain.errors import Unauthenticated
from carrel.services import sessions
from carrel.store import audit

House = Any
LINKS = "/hub/api/v1/links"


def code_of(url: str) -> str:
    return parse_qs(urlsplit(url).query)["link"][0]


async def signs_in(house: House, url: str) -> str | None:
    try:
        signed_in = await sessions.sign_in_by_link(house.context, code=code_of(url), address="127.0.0.1")
    except Unauthenticated:
        return None
    return signed_in.person.name


async def test_the_owner_gets_a_link_that_signs_the_first_admin_in_once(
    house: House, owner: httpx.AsyncClient
) -> None:
    answer = await owner.post(LINKS, json={})
    assert answer.status_code == 201
    made = answer.json()
    assert made["user"]["name"] == "admin"
    assert await signs_in(house, made["url"]) == "admin"
    assert await signs_in(house, made["url"]) is None
    entries = (await house.context.store.read(audit.page)).items
    assert ("owner", "make_link") in [(entry.actor, entry.action) for entry in entries]


async def test_nobody_else_gets_one(house: House) -> None:
    root = await house.person("root", Role.ADMIN)
    for client in (await house.browser(root), await house.script(root, Scope.ADMIN)):
        answer = await client.post(LINKS, json={})
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_a_link_leads_to_a_page_of_the_hub_and_to_nowhere_else(owner: httpx.AsyncClient) -> None:
    made = (await owner.post(LINKS, json={"next": "/hub/claims/abc?path=x"})).json()
    assert parse_qs(urlsplit(made["url"]).query)["next"] == ["/hub/claims/abc?path=x"]
    for foreign in ("https://evil.example", "//evil.example", "/hub/../x", "javascript:x"):
        made = (await owner.post(LINKS, json={"next": foreign})).json()
        assert "next" not in parse_qs(urlsplit(made["url"]).query)


async def test_earlier_ones_die_only_where_that_was_asked_for(house: House, owner: httpx.AsyncClient) -> None:
    first, second, third = [(await owner.post(LINKS, json={})).json()["url"] for _ in range(3)]
    assert await signs_in(house, first) == "admin"
    replacing = (await owner.post(LINKS, json={"replace": True})).json()["url"]
    assert await signs_in(house, second) is await signs_in(house, third) is None
    assert await signs_in(house, replacing) == "admin"


async def test_it_lasts_as_long_as_asked_and_never_more_than_a_day(
    house: House, owner: httpx.AsyncClient
) -> None:
    now = house.context.clock.now()
    made = (await owner.post(LINKS, json={"minutes": 5})).json()
    assert datetime.fromisoformat(made["expires_at"]) - now < timedelta(minutes=6)
    assert (await owner.post(LINKS, json={"minutes": 1441})).status_code == 422


async def test_a_repetition_does_not_tell_it_again(owner: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "once"}
    assert (await owner.post(LINKS, json={}, headers=headers)).status_code == 201
    again = await owner.post(LINKS, json={}, headers=headers)
    assert (again.status_code, "link=" in again.text) == (409, False)
