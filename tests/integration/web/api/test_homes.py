"""Homes over the API: what there is, made, named, deleted, had back and downloaded."""

import asyncio
import io
import tarfile
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from carrel.domain.account import User
from carrel.domain.actor import Role, Scope
from carrel.domain.ids import HomeId
from carrel.ports.driver import DriverUnavailable
from carrel.store import audit, homes

House = Any
API = "/hub/api/v1"


@pytest.fixture
async def ada(house: House) -> User:
    await house.pool()
    found: User = await house.person("ada")
    return found


@pytest.fixture
async def hers(house: House, ada: User) -> httpx.AsyncClient:
    client: httpx.AsyncClient = await house.script(ada)
    return client


async def made(client: httpx.AsyncClient, name: str) -> dict[str, Any]:
    answer = await client.post(f"{API}/homes", json={"name": name})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def listed(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await client.get(f"{API}/homes")).json()["items"]
    return items


async def test_a_home_is_made_before_anything_runs(ada: User, hers: httpx.AsyncClient) -> None:
    answer = await hers.post(f"{API}/homes", json={"name": "thesis"})
    home = answer.json()
    assert answer.headers["location"] == f"{API}/homes/{home['id']}"
    assert home == {
        "id": home["id"],
        "name": "thesis",
        "owner": ada.id,
        "created_at": home["created_at"],
        **dict.fromkeys(
            (
                *("used_at", "size_bytes", "size_warning", "measured_at"),
                *("workspace", "pool", "claim", "deleted_at", "removed_at"),
            )
        ),
    }
    assert (await hers.get(f"{API}/homes/{home['id']}")).json() == home
    assert await listed(hers) == [home]


async def test_a_workspace_brings_a_home_along_and_the_list_says_where_it_is(
    house: House, hers: httpx.AsyncClient
) -> None:
    await house.warm()
    claim = (await hers.post(f"{API}/claims", json={"pool": "lab"})).json()
    [home] = await listed(hers)
    assert (home["name"], home["pool"], home["claim"]) == ("default", "lab", claim["id"])
    assert home["workspace"] == claim["workspace"]["id"]
    assert home["used_at"]


async def test_a_claim_names_the_home_it_brings_along(house: House, hers: httpx.AsyncClient) -> None:
    await house.pool("other")
    await house.warm(count=2)
    await house.warm("other")
    home = await made(hers, "thesis")
    claim = (await hers.post(f"{API}/claims", json={"pool": "lab", "home": "thesis"})).json()
    assert claim["home"] == {"id": home["id"], "name": "thesis"}
    assert house.driver.home_of(claim["workspace"]["id"]) == home["id"]
    [shown] = (await hers.get(f"{API}/claims")).json()["items"]
    assert shown["home"] == claim["home"]
    refused = await hers.post(f"{API}/claims", json={"pool": "other", "home": "thesis"})
    assert (refused.status_code, '"thesis"' in refused.json()["detail"]) == (409, True)
    other = (await hers.post(f"{API}/claims", json={"pool": "other"})).json()
    assert other["home"]["name"] == "default"
    named = (await hers.post(f"{API}/claims", json={"pool": "lab", "name": "spare"})).json()
    assert named["home"]["name"] == "spare"
    assert (await hers.post(f"{API}/claims", json={"pool": "lab", "home": "Ä"})).status_code == 422


@pytest.mark.parametrize("name", ["", "Mine", "a b", "x" * 41, "../etc", "a~b", "ä"])
async def test_a_name_that_cannot_be_is_refused(hers: httpx.AsyncClient, name: str) -> None:
    home = await made(hers, "thesis")
    assert (await hers.post(f"{API}/homes", json={"name": name})).status_code == 422
    assert (await hers.patch(f"{API}/homes/{home['id']}", json={"name": name})).status_code == 422


async def test_a_name_is_taken_once(hers: httpx.AsyncClient) -> None:
    one, other = await made(hers, "one"), await made(hers, "other")
    assert (await hers.post(f"{API}/homes", json={"name": "one"})).status_code == 409
    assert (await hers.patch(f"{API}/homes/{other['id']}", json={"name": "one"})).status_code == 409
    renamed = await hers.patch(f"{API}/homes/{other['id']}", json={"name": "two"})
    assert (renamed.json()["id"], renamed.json()["name"]) == (other["id"], "two")
    assert (await hers.patch(f"{API}/homes/{one['id']}", json={"name": "one"})).status_code == 200


async def test_a_person_has_so_many_homes_and_no_more(house: House, hers: httpx.AsyncClient) -> None:
    most = house.context.homes_per_person
    for number in range(most):
        await made(hers, f"home-{number}")
    refused = await hers.post(f"{API}/homes", json={"name": "more"})
    assert (refused.status_code, refused.json()["code"]) == (429, "exhausted")
    [first, *_] = await listed(hers)
    assert (await hers.delete(f"{API}/homes/{first['id']}")).status_code == 200
    await made(hers, "more")
    assert (await hers.post(f"{API}/homes/{first['id']}/restore")).status_code == 429


async def test_claims_and_deleting_over_and_over_fill_no_disk(house: House, hers: httpx.AsyncClient) -> None:
    for number in range(4 * house.context.homes_per_person):
        home = await made(hers, f"home-{number}")
        await hers.delete(f"{API}/homes/{home['id']}")
    refused = await hers.post(f"{API}/claims", json={"pool": "lab", "home": "one-more"})
    assert (refused.status_code, refused.json()["code"]) == (429, "exhausted")
    assert "deleted homes are still kept" in refused.json()["detail"]
    assert "one-more" not in [one["name"] for one in await listed(hers)]


async def test_a_deleted_home_frees_its_name_and_can_be_had_back(
    house: House, hers: httpx.AsyncClient
) -> None:
    home = await made(hers, "thesis")
    deleted = (await hers.delete(f"{API}/homes/{home['id']}")).json()
    assert deleted["name"] == "thesis"
    assert deleted["deleted_at"]
    assert deleted["removed_at"] > deleted["deleted_at"]
    again = await made(hers, "thesis")
    assert [one["id"] for one in await listed(hers)] == [again["id"], home["id"]]
    restored = (await hers.post(f"{API}/homes/{home['id']}/restore")).json()
    assert (restored["name"], restored["deleted_at"], restored["removed_at"]) == ("thesis-2", None, None)
    await hers.delete(f"{API}/homes/{again['id']}")
    assert (await hers.patch(f"{API}/homes/{again['id']}", json={"name": "x"})).status_code == 409


async def test_deleting_and_having_back_twice_is_harmless(house: House, hers: httpx.AsyncClient) -> None:
    home = await made(hers, "thesis")
    address = f"{API}/homes/{home['id']}"
    for _ in range(2):
        assert (await hers.delete(address)).json()["name"] == "thesis"
    for _ in range(2):
        assert (await hers.post(f"{address}/restore")).json()["name"] == "thesis"
    entries = (await house.context.store.read(audit.page, target="home:")).items
    assert [entry.action for entry in entries] == ["restore_home", "delete_home", "create_home"]


async def test_two_clicks_at_once_make_one(hers: httpx.AsyncClient) -> None:
    request = [hers.post(f"{API}/homes", json={"name": "thesis"}) for _ in range(4)]
    answers = sorted(answer.status_code for answer in await asyncio.gather(*request))
    assert answers == [201, 409, 409, 409]
    [home] = await listed(hers)
    address = f"{API}/homes/{home['id']}"
    deletions = await asyncio.gather(*(hers.delete(address) for _ in range(4)))
    assert {answer.status_code for answer in deletions} == {200}
    restored = await asyncio.gather(*(hers.post(f"{address}/restore") for _ in range(4)))
    assert {(answer.status_code, answer.json()["name"]) for answer in restored} == {(200, "thesis")}


async def test_a_home_in_use_cannot_be_deleted(house: House, hers: httpx.AsyncClient) -> None:
    waiting = (await hers.post(f"{API}/claims", json={"pool": "lab"})).json()
    assert waiting["state"] == "waiting"
    [home] = await listed(hers)
    address = f"{API}/homes/{home['id']}"
    refused = await hers.delete(address)
    assert (refused.status_code, "pool lab" in refused.json()["detail"]) == (409, True)
    await hers.delete(f"{API}/claims/{waiting['id']}")
    assert (await hers.delete(address)).status_code == 200


async def test_what_is_somebody_elses_is_not_there(house: House, hers: httpx.AsyncClient) -> None:
    home = await made(hers, "thesis")
    eve = await house.script(await house.person("eve"))
    address = f"{API}/homes/{home['id']}"
    for answer in (
        await eve.get(address),
        await eve.patch(address, json={"name": "mine"}),
        await eve.delete(address),
        await eve.post(f"{address}/restore"),
        await eve.get(f"{address}/archive"),
        await eve.get(f"{API}/homes/{'x' * 16}"),
    ):
        assert answer.status_code == 404
    assert (await listed(hers)) == [home]


class Keeper:
    """A driver that packs what a test says."""

    home_place = "here"

    def __init__(self, size: int = 0, *, fails_after: int | None = None) -> None:
        self.size = size
        self.fails_after = fails_after
        self.given = 0
        self.was_let_go = False

    async def archive_home(self, home_id: HomeId) -> AsyncIterator[bytes]:
        try:
            while self.given < self.size:
                if self.fails_after is not None and self.given >= self.fails_after:
                    raise DriverUnavailable("The disk is away.")
                self.given += 1 << 16
                yield bytes(1 << 16)
                await asyncio.sleep(0)
            if self.fails_after == 0:
                raise DriverUnavailable("The disk is away.")
        finally:
            self.was_let_go = True

    async def measure_home(self, home_id: HomeId) -> int:
        return self.size

    async def remove_home(self, home_id: HomeId) -> None:
        self.size = 0


def kept_by(house: House, keeper: Keeper) -> None:
    """The house's files are this keeper's from here on."""
    house.context.drivers.clear()
    house.context.drivers["memory"] = keeper


async def test_the_files_come_as_an_archive(house: House, hers: httpx.AsyncClient) -> None:
    home = await made(hers, "thesis")
    answer = await hers.get(f"{API}/homes/{home['id']}/archive")
    assert answer.headers["content-type"] == "application/gzip"
    assert answer.headers["content-disposition"] == 'attachment; filename="thesis.tar.gz"'
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as packed:
        assert [member for member in packed.getnames() if member not in ("", ".")] == []


async def test_a_large_archive_is_never_in_memory_as_a_whole(house: House, hers: httpx.AsyncClient) -> None:
    """Whoever reads slowly makes the packing slow: no more is packed than is being sent."""
    home = await made(hers, "thesis")
    keeper = Keeper(50 << 20)
    kept_by(house, keeper)
    most_ahead, read = 0, 0

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()
        return {}

    async def send(message: dict[str, Any]) -> None:
        nonlocal read, most_ahead
        read += len(message.get("body", b""))
        await asyncio.sleep(0)
        most_ahead = max(most_ahead, keeper.given - read)

    secret = dict(hers.headers)["authorization"].encode()
    path = f"{API}/homes/{home['id']}/archive"
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"localhost:8000"), (b"authorization", secret)],
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 8000),
    }
    await house.app(scope, receive, send)
    assert read == 50 << 20
    assert most_ahead <= 1 << 16
    assert keeper.was_let_go


async def test_an_archive_that_cannot_begin_is_a_problem(house: House, hers: httpx.AsyncClient) -> None:
    home = await made(hers, "thesis")
    keeper = Keeper(fails_after=0)
    kept_by(house, keeper)
    for _ in range(5):  # none of these counts as a download under way
        answer = await hers.get(f"{API}/homes/{home['id']}/archive")
        assert (answer.status_code, answer.json()["detail"]) == (503, "The disk is away.")
    assert keeper.was_let_go


async def test_an_archive_that_breaks_off_does_not_look_whole(house: House, hers: httpx.AsyncClient) -> None:
    home = await made(hers, "thesis")
    kept_by(house, Keeper(1 << 20, fails_after=1 << 18))
    with pytest.raises(AssertionError):  # what is sent has no end
        await hers.get(f"{API}/homes/{home['id']}/archive")
    kept_by(house, Keeper(1 << 16))
    assert (await hers.get(f"{API}/homes/{home['id']}/archive")).status_code == 200


async def test_files_of_a_backend_that_is_not_in_use_cannot_be_had_now(
    house: House, hers: httpx.AsyncClient
) -> None:
    await house.warm()
    await hers.post(f"{API}/claims", json={"pool": "lab"})
    [home] = await listed(hers)
    house.context.drivers.clear()
    answer = await hers.get(f"{API}/homes/{home['id']}/archive")
    assert (answer.status_code, "No backend that is in use" in answer.json()["detail"]) == (503, True)


async def test_an_admin_downloads_somebodys_files_in_person_and_the_owner_sees_it(
    house: House, hers: httpx.AsyncClient
) -> None:
    home = await made(hers, "thesis")
    address = f"{API}/homes/{home['id']}/archive"
    root = await house.person("root", Role.ADMIN)
    script, browser = await house.script(root, Scope.ADMIN), await house.browser(root)
    refused = await script.get(address)
    assert (refused.status_code, "signed in with a browser" in refused.json()["detail"]) == (403, True)
    for _ in range(2):
        assert (await browser.get(address)).status_code == 200
    entries = (await house.context.store.read(audit.page, action="download_home")).items
    assert [(entry.actor, entry.target) for entry in entries] == [("root", f"home:{home['id']}")] * 2
    [found] = await house.context.store.read(homes.of_user, house.people["ada"].id)
    assert found.id == home["id"]
    page = await (await house.browser(house.people["ada"])).get("/hub/homes", headers={"Accept": "text/html"})
    assert page.text.count("root, an admin, downloaded these files.") == 1


async def test_a_reading_token_lists_homes_and_reads_no_file(house: House, ada: User) -> None:
    home = await made(await house.script(ada), "thesis")
    reader = await house.script(ada, Scope.READ)
    assert [one["id"] for one in await listed(reader)] == [home["id"]]
    assert (await reader.get(f"{API}/homes/{home['id']}/archive")).status_code == 403
    assert (await reader.delete(f"{API}/homes/{home['id']}")).status_code == 403


async def test_an_admin_keeps_somebodys_homes_by_naming_them(
    house: House, ada: User, hers: httpx.AsyncClient
) -> None:
    root = await house.script(await house.person("root", Role.ADMIN), Scope.ADMIN)
    home = (await root.post(f"{API}/homes", json={"name": "course", "user": ada.id})).json()
    assert [one["id"] for one in await listed(hers)] == [home["id"]]
    assert await listed(root) == []
    theirs = (await root.get(f"{API}/homes", params={"user": ada.id})).json()["items"]
    assert theirs == [home]
    assert (await root.delete(f"{API}/homes/{home['id']}")).json()["deleted_at"]
    assert (await hers.get(f"{API}/homes", params={"user": house.people["root"].id})).status_code == 403
