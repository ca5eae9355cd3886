"""Volumes of an older system become homes: shown first, done once, whatever comes in between."""

from dataclasses import replace
from typing import Any

import httpx
import pytest

from carrel.domain.actor import Role, Scope, System
from carrel.domain.errors import Invalid
from carrel.domain.ids import HomeId, UserId
from carrel.ports.driver import Adoptable, DriverUnavailable
from carrel.rules.adoption import Wish
from carrel.rules.volume_names import USUAL_PATTERN, pattern
from carrel.services.adopting import adopt
from carrel.services.home_keeping import HomeKeeper
from carrel.store import audit, home_list

House = Any
API = "/hub/api/v1"


@pytest.fixture
async def root(house: House) -> httpx.AsyncClient:
    """Ada and alice@example.com are here; their volumes are on the backend, with one of nobody's and one of the hub's own."""
    await house.pool()
    await house.person("ada")
    await house.person("alice@example.com")
    house.driver.world.volumes.update(
        {
            "jupyterhub-user-ada": {"notes.txt": b"of ada"},
            "jupyterhub-user-alice_40example_2Ecom": {"notes.txt": b"of alice"},
            "jupyterhub-user-bob": {},
            "jupyterhub-data": {},
        }
    )
    admin = await house.person("root", Role.ADMIN)
    client: httpx.AsyncClient = await house.script(admin, Scope.ADMIN)
    return client


async def asked(client: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    answer = await client.post(f"{API}/homes/adopt", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def homes_of(house: House, name: str) -> list[tuple[str, str | None]]:
    user: UserId = house.people[name].id
    rows = await house.context.store.read(home_list.of_user, user)
    return [(row.home.name, row.home.place) for row in rows]


def outcomes(told: dict[str, Any]) -> dict[str, str]:
    return {one["volume"].removeprefix("jupyterhub-user-"): one["outcome"] for one in told["volumes"]}


async def test_a_dry_run_tells_what_would_be_done_and_does_nothing(
    house: House, root: httpx.AsyncClient
) -> None:
    told = await asked(root, dry_run=True)
    assert (told["backend"], told["others"]) == ("memory", 1)
    assert told["counts"] == {"adopt": 2, "nobody": 1}
    [ada] = [one for one in told["volumes"] if one["user_name"] == "ada"]
    assert (ada["user"], ada["home"], ada["outcome"]) == (house.people["ada"].id, "default", "adopt")
    [bob] = [one for one in told["volumes"] if one["outcome"] == "nobody"]
    assert bob["sentence"] == "There is nobody called bob. Let them in first."
    assert await homes_of(house, "ada") == []
    assert house.driver.world.homes == {}


async def test_what_was_taken_over_is_a_home_with_its_files_and_is_written_down(
    house: House, root: httpx.AsyncClient
) -> None:
    told = await asked(root)
    assert told["counts"] == {"adopted": 2, "nobody": 1}
    assert await homes_of(house, "alice@example.com") == [("default", "memory")]
    [ada] = [one for one in told["volumes"] if one["user_name"] == "ada"]
    assert house.driver.world.homes[HomeId(ada["home_id"])] == {"notes.txt": b"of ada"}
    entries = (await house.context.store.read(audit.page)).items
    assert f"home:{ada['home_id']}" in {entry.target for entry in entries if entry.action == "adopt_home"}
    await HomeKeeper(house.context).measure()
    hers = await house.script(house.people["ada"])
    [home] = (await hers.get(f"{API}/homes")).json()["items"]
    assert (home["id"], home["size_bytes"]) == (ada["home_id"], 6)
    again = await asked(root)
    assert again["counts"] == {"already": 2, "nobody": 1}


async def test_a_claim_brings_along_what_was_taken_over(house: House, root: httpx.AsyncClient) -> None:
    await asked(root)
    await house.warm()
    hers = await house.script(house.people["ada"])
    claim = (await hers.post(f"{API}/claims", json={"pool": "lab"})).json()
    assert house.driver.files_of(claim["workspace"]["id"]) == {"notes.txt": b"of ada"}


async def test_who_was_stopped_half_way_goes_on_with_the_same_home(
    house: House, root: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned = {one["volume"]: one["home_id"] for one in (await asked(root, dry_run=True))["volumes"]}

    async def killed(*_: object, **__: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(type(house.context.store), "write", killed)
        assert (await root.post(f"{API}/homes/adopt", json={})).status_code == 500
    assert (await asked(root))["counts"] == {"adopted": 2, "nobody": 1}
    assert set(house.driver.world.homes) <= set(planned.values())


async def test_people_are_let_in_only_where_that_is_wished(house: House, root: httpx.AsyncClient) -> None:
    told = await asked(root, create_people=True)
    [bob] = [one for one in told["volumes"] if one["user_name"] == "bob"]
    assert bob["outcome"] == "adopted"
    found = (await root.get(f"{API}/users", params={"name": "bob"})).json()["items"]
    assert [each["id"] for each in found] == [bob["user"]]


async def test_a_home_that_somebody_has_already_stays_and_another_name_helps(
    house: House, root: httpx.AsyncClient
) -> None:
    hers = await house.script(house.people["ada"])
    await hers.post(f"{API}/homes", json={"name": "default"})
    assert outcomes(await asked(root))["ada"] == "taken"
    assert outcomes(await asked(root, home="old"))["ada"] == "adopted"
    assert sorted(await homes_of(house, "ada")) == [("default", None), ("old", "memory")]


async def test_one_that_fails_holds_up_no_other(
    house: House, root: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    adopt = house.driver.adopt

    async def refuses_hers(home_id: HomeId, name: str) -> None:
        if name.endswith("-ada"):
            raise DriverUnavailable("The engine is away.")
        await adopt(home_id, name)

    monkeypatch.setattr(house.driver, "adopt", refuses_hers)
    told = await asked(root)
    [ada] = [one for one in told["volumes"] if one["user_name"] == "ada"]
    assert (ada["outcome"], ada["sentence"]) == ("failed", "The engine is away.")
    assert told["counts"]["adopted"] == 1
    monkeypatch.undo()
    assert (await asked(root))["counts"] == {"adopted": 1, "already": 1, "nobody": 1}


async def test_what_is_in_use_is_left(
    house: House, root: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def busy() -> list[Adoptable]:
        return [Adoptable("jupyterhub-user-ada", "It is in use by jupyter-ada.")]

    monkeypatch.setattr(house.driver, "adoptable", busy)
    [ada] = (await asked(root))["volumes"]
    assert (ada["outcome"], ada["sentence"]) == ("blocked", "It is in use by jupyter-ada.")
    assert house.driver.world.homes == {}


async def test_a_deleted_one_loses_its_files_only_when_its_time_is_over(
    house: House, root: httpx.AsyncClient
) -> None:
    await asked(root)
    hers = await house.script(house.people["ada"])
    [home] = (await hers.get(f"{API}/homes")).json()["items"]
    await hers.delete(f"{API}/homes/{home['id']}")
    await HomeKeeper(house.context).remove_deleted()
    assert home["id"] in house.driver.world.homes
    assert outcomes(await asked(root))["ada"] == "already"


async def test_only_admins_look_and_nonsense_is_refused(house: House, root: httpx.AsyncClient) -> None:
    hers = await house.script(house.people["ada"])
    assert (await hers.post(f"{API}/homes/adopt", json={"dry_run": True})).status_code == 403
    for body in ({"pattern": "hub-{prefix}"}, {"backend": "nowhere"}, {"home": "No Name"}, {"escape": "old"}):
        answer = await root.post(f"{API}/homes/adopt", json=body)
        assert answer.status_code in (400, 422), answer.text
    assert house.driver.world.homes == {}


async def test_a_backend_that_is_not_there_is_told_from_one_that_has_to_be_named(
    house: House, root: httpx.AsyncClient
) -> None:
    answer = await root.post(f"{API}/homes/adopt", json={"backend": "nowhere"})
    assert answer.json()["detail"] == "There is no backend of the name nowhere; there are: memory."
    house.context = replace(house.context, drivers=dict.fromkeys(("far", "near"), house.driver))
    with pytest.raises(Invalid) as refused:
        await adopt(house.context, System("test"), Wish(pattern(USUAL_PATTERN)), dry_run=True)
    assert "`--backend` of the command): far, near." in refused.value.sentence
