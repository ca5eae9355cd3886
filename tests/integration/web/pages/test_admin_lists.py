"""The admin pages with long lists, as a browser asks for them: workspaces, settings, audit; and who may not see them."""

import re
from collections.abc import Mapping
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest

from carrel.domain.actor import Role, System
from carrel.domain.workspace import Phase
from carrel.services import audit
from carrel.services import pools as pool_service
from carrel.settings import load
from carrel.settings.shown import in_effect
from carrel.store import workspaces
from carrel.web.app import hub_app

House = Any
PAGES = ["workspaces", "stop", "people", "people/new", "settings", "audit"]
NAVIGATION = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


@pytest.fixture
async def root(house: House) -> httpx.AsyncClient:
    for name in ("art", "zoo"):
        await house.pool(name, limit=200)
    client: httpx.AsyncClient = await house.browser(await house.person("root", Role.ADMIN))
    client.headers.update(NAVIGATION)
    return client


async def held(house: House, name: str, pool: str = "art") -> str:
    await house.warm(pool)
    person = await house.browser(house.people.get(name) or await house.person(name))
    claim = (await person.post("/hub/api/v1/claims", json={"pool": pool})).json()
    found: str = claim["workspace"]["id"]
    return found


async def text_of(client: httpx.AsyncClient, url: str, **query: Any) -> str:
    answer = await client.get(url, params=query or None)
    assert answer.status_code == 200, answer.text[:500]
    return unescape(answer.text)


def ids(page: str) -> list[str]:
    return re.findall(r"name=w value=([a-z0-9]{16})", page)


async def submit(
    client: httpx.AsyncClient, page: str, action: str, fields: Mapping[str, str] | None = None
) -> httpx.Response:
    """The form of this page that goes there, with the fields it has and those that were filled in."""
    form = re.search(rf'<form[^>]*action="{re.escape(action)}"[^>]*>(.*?)</form>', page, re.DOTALL)
    assert form is not None, action
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form[1]))
    return await client.post(action, data={**hidden, **(fields or {})})


@pytest.mark.parametrize("page", PAGES)
async def test_only_admins_see_it(house: House, root: httpx.AsyncClient, page: str) -> None:
    url = f"/hub/admin/{page}"
    assert (await root.get(url)).status_code == 200
    ada = await house.browser(await house.person("ada"))
    refused = await ada.get(url, headers=NAVIGATION)
    assert refused.status_code == 403
    assert "Only an admin may do that." in refused.text
    stranger = await (await house.client(NAVIGATION)).get(url)
    assert (stranger.status_code, stranger.headers["location"].partition("?")[0]) == (303, "/hub/sign-in")


async def test_workspaces_are_filtered_and_sorted_by_the_address(
    house: House, root: httpx.AsyncClient
) -> None:
    bobs, adas = await held(house, "bob"), await held(house, "ada", "zoo")
    [warm] = [one.id for one in await house.warm("zoo")]
    url = "/hub/admin/workspaces"
    assert ids(await text_of(root, url)) == [warm, adas, bobs]
    assert ids(await text_of(root, url, sort="owner")) == [adas, bobs, warm]
    assert ids(await text_of(root, url, sort="owner", order="desc")) == [bobs, adas, warm]
    assert ids(await text_of(root, url, holding="warm")) == [warm]
    assert ids(await text_of(root, url, owner="AD")) == [adas]
    assert ids(await text_of(root, url, pool="zoo", holding="claimed")) == [adas]
    assert ids(await text_of(root, url, q=bobs[2:9])) == [bobs]
    assert "None like that" in await text_of(root, url, q="nothing like this")
    assert ids(await text_of(root, url, sort="nonsense", phase="nonsense")) == [warm, adas, bobs]


async def test_gone_workspaces_are_shown_only_when_asked_for(house: House, root: httpx.AsyncClient) -> None:
    found = await held(house, "ada")
    await root.delete(f"/hub/api/v1/workspaces/{found}")
    now = house.context.clock.now()
    row = await house.context.store.read(workspaces.get, found)
    moved = await house.context.store.write(workspaces.move, row.id, row.version, Phase.GONE, now)
    assert moved is not None
    assert ids(await text_of(root, "/hub/admin/workspaces")) == []
    assert ids(await text_of(root, "/hub/admin/workspaces", phase="any")) == [found]
    assert ids(await text_of(root, "/hub/admin/workspaces", phase="gone")) == [found]


async def test_pages_of_a_sorted_list_follow_one_another(house: House, root: httpx.AsyncClient) -> None:
    made = {one.id for one in await house.warm("zoo", 60)}
    page = await text_of(root, "/hub/admin/workspaces", sort="pool", holding="warm")
    seen = ids(page)
    assert len(seen) == 40
    onwards = re.search(r'href="([^"]*after=[^"]*)"', page)
    assert onwards is not None
    assert "sort=pool" in onwards[1]
    second = await text_of(root, f"/hub/admin/workspaces{onwards[1]}")
    assert set(seen) | set(ids(second)) == made
    assert not set(seen) & set(ids(second))
    assert 'href="?holding=warm&sort=pool">First page' in second.replace("</svg>", "")


async def test_a_stop_says_first_who_is_cut_off(house: House, root: httpx.AsyncClient) -> None:
    adas, bobs = await held(house, "ada"), await held(house, "bob")
    [warm] = [one.id for one in await house.warm("zoo")]
    page = await text_of(root, "/hub/admin/stop", w=[adas, bobs, warm, "nonsense"], back="?pool=art")
    assert "2 people will be cut off: ada, bob." in page
    assert "Stop all 3 now" in page
    assert {one.id for one in await _live(house)} == {adas, bobs, warm}, "nothing is stopped by looking"
    done = await submit(root, page, "/hub/admin/stop")
    assert done.headers["location"] == "/hub/admin/workspaces?pool=art&done=workspaces-stopped"
    assert {one.phase.value for one in await _live(house)} == {"stopping"}
    again = await text_of(root, "/hub/admin/stop", w=[adas, bobs, warm])
    assert "Nothing to stop" in again
    trail = (await audit.page(house.context, System())).items
    assert [one.action for one in trail if one.actor == "root"] == ["stop", "release", "release"]


async def _live(house: House) -> list[Any]:
    read = house.context.store.read
    return [one for pool in ("art", "zoo") for one in await read(workspaces.of_pool, pool)]


@pytest.mark.parametrize("back", ["?pool=art&done=x", "//evil.example", "?x=\\..", "javascript:1", ""])
async def test_whatever_back_says_one_comes_back_to_the_list(
    house: House, root: httpx.AsyncClient, back: str
) -> None:
    found = await held(house, "ada")
    page = await text_of(root, "/hub/admin/stop", w=found, back=back)
    done = await submit(root, page, "/hub/admin/stop")
    assert done.headers["location"].startswith("/hub/admin/workspaces?")


async def test_too_many_at_once_are_refused(root: httpx.AsyncClient) -> None:
    many = [f"a{number:015d}" for number in range(201)]
    answer = await root.get("/hub/admin/stop", params={"w": many})
    assert answer.status_code == 422
    assert "At most 200" in answer.text


async def test_a_stop_that_no_page_of_ours_sent_stops_nothing(house: House, root: httpx.AsyncClient) -> None:
    found = await held(house, "ada")
    answer = await root.post("/hub/admin/stop", data={"workspaces": found})
    assert answer.status_code == 403
    assert [one.phase.value for one in await _live(house)] == ["ready"]


async def test_settings_tell_where_each_comes_from_and_what_was_changed(
    house: House, root: httpx.AsyncClient, tmp_path: Path
) -> None:
    file = tmp_path / "carrel.toml"
    file.write_text(
        'port = 9000\n[pools.art]\ntemplate = "jupyterlab"\nbackend = "local"\nlimit = 200\nmax_age = "never"\n'
    )
    secret = {"HOME": "/root", "CARREL_BOOTSTRAP_TOKEN": "crl_" + "hush" * 10}
    context = replace(house.context, settings=in_effect(load(file, {}, secret)))
    app = hub_app(context)
    cookie = {"Cookie": root.headers["Cookie"], **NAVIGATION}
    client = await house.client(cookie, app)
    page = await text_of(client, "/hub/admin/settings")
    assert f"{file}, line 1" in page
    assert "environment variable CARREL_BOOTSTRAP_TOKEN" in page
    assert "hush" not in page
    assert "now 12h" in page, "the running pool has the default of the house"
    await pool_service.change(context, System(), "art", {"warm": 3})
    assert "now 3" in await text_of(client, "/hub/admin/settings")
    told = (await client.get("/hub/api/v1/settings")).json()["items"]
    assert {one["key"]: one["running"] for one in told}["pools.art.warm"] == "3"
    assert "hush" not in str(told)
    found = await text_of(client, "/hub/admin/settings", q="workspaces_port")
    assert "pools.art" not in found.partition("<main")[2]
    assert "No setting like that" in await text_of(client, "/hub/admin/settings", q="nothing like it")
    assert "retire_warm_after" in await text_of(client, "/hub/admin/settings", all="yes")


async def test_the_trail_is_read_in_words_with_links_to_things(house: House, root: httpx.AsyncClient) -> None:
    ada = await house.person("ada")
    await root.patch(f"/hub/api/v1/users/{ada.id}", json={"role": "admin"})
    await root.patch("/hub/api/v1/pools/art", json={"warm": 2})
    page = await text_of(root, "/hub/admin/audit")
    assert f'changed a role</td><td>user <a href="/hub/admin/people/{ada.id}">ada</a>' in page
    assert 'pool <a href="/hub/admin/pools/art">art</a>' in page
    assert "changed a pool" not in _rows(await text_of(root, "/hub/admin/audit", action="set_role"))
    assert "changed a role" not in _rows(await text_of(root, "/hub/admin/audit", target="pool:"))
    assert "changed a role" in _rows(await text_of(root, "/hub/admin/audit", actor="root", q="ada"))
    assert "Nothing like that was done" in await text_of(root, "/hub/admin/audit", actor="nobody")
    api = (await root.get("/hub/api/v1/audit", params={"action": "set_role"})).json()["items"]
    assert [(one["target"], one["target_name"]) for one in api] == [(f"user:{ada.id}", "ada")]
    assert (await root.get("/hub/api/v1/audit", params={"q": "\x00"})).status_code == 422


def _rows(page: str) -> str:
    return page.partition("<tbody")[2]


async def test_what_people_are_called_is_never_markup(house: House, root: httpx.AsyncClient) -> None:
    name = "<b>bob</b>"
    await held(house, name)
    for page in ("workspaces", "people", "audit"):
        answer = await root.get(f"/hub/admin/{page}", params={"q": "bob"})
        assert name not in answer.text
        assert "&lt;b&gt;bob" in answer.text
