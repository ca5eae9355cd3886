"""A template is changed while it runs: warm ones go one after another, claims go on, and it all goes back the same way."""

from typing import Any

import httpx
import pytest

from carrel.domain.actor import Role, Scope
from carrel.rules.telling import HIDDEN
from carrel.settings.template_reading import template_from
from carrel.store import audit, templates

House = Any
API = "/hub/api/v1"
AT = f"{API}/templates/jupyterlab"
LAB = {"command": ["jupyter", "lab"], "open": "lab", "environment": {"API_TOKEN": "hush-hush", "A": "1"}}


@pytest.fixture
async def root(house: House) -> httpx.AsyncClient:
    house.recipe = template_from("jupyterlab", LAB)
    await house.context.store.write(templates.put, house.recipe, house.context.clock.now())
    await house.pool(warm=4)
    client: httpx.AsyncClient = await house.script(await house.person("root", Role.ADMIN), Scope.ADMIN)
    return client


async def current(root: httpx.AsyncClient) -> str:
    version: str = (await root.get(AT)).json()["version"]
    return version


async def apply(root: httpx.AsyncClient, definition: dict[str, Any], expected: str) -> httpx.Response:
    return await root.put(AT, json={"definition": definition, "expected_version": expected})


async def test_a_version_says_everything_but_its_secrets(root: httpx.AsyncClient) -> None:
    version = await current(root)
    told = (await root.get(f"{AT}/versions/{version[:6]}")).json()
    assert told["definition"] == LAB | {"environment": {"API_TOKEN": HIDDEN, "A": "1"}}
    assert (told["version"], told["is_current"], told["changes"]) == (version, True, [])
    assert told["toml"].startswith("[templates.jupyterlab]\n")
    assert "hush-hush" not in (await root.get(f"{AT}/versions/{version}")).text


async def test_a_change_makes_a_version_and_a_rollback_brings_the_old_one_back(
    house: House, root: httpx.AsyncClient
) -> None:
    first = await current(root)
    told = (await root.get(f"{AT}/versions/{first}")).json()["definition"]
    changed = await apply(root, told | {"title": "Lab"}, first)
    assert (changed.status_code, changed.json()["title"]) == (200, "Lab")
    second = await current(root)
    stored = await house.context.store.read(templates.get, "jupyterlab")
    assert stored.environment["API_TOKEN"] == "hush-hush", "what was hidden stays as it was"
    listed = (await root.get(f"{AT}/versions")).json()["items"]
    assert [(one["version"], one["is_current"]) for one in listed][:2] == [(second, True), (first, False)]
    back = await root.post(f"{AT}/rollback", json={"version": first[:8], "expected_version": second})
    assert (back.status_code, back.json()["version"]) == (200, first)
    written = (await house.context.store.read(audit.page)).items
    assert [(one.action, one.actor.split()[0], one.target) for one in written][:2] == [
        ("roll_back_template", "root", "template:jupyterlab"),
        ("change_template", "root", "template:jupyterlab"),
    ]
    assert "title: jupyterlab → Lab" in written[1].detail


async def test_the_preview_says_who_is_replaced_and_who_is_told(
    house: House, root: httpx.AsyncClient
) -> None:
    await house.warm(count=6)
    for name in ("ada", "bob"):
        client = await house.script(await house.person(name))
        assert (await client.post(f"{API}/claims", json={"pool": "lab"})).status_code == 201
    first = await current(root)
    asked = {"definition": LAB | {"environment": {"API_TOKEN": HIDDEN, "A": "2"}}}
    told = (await root.post(f"{AT}/preview", json=asked)).json()
    assert told["changes"] == [{"field": "environment.A", "was": "1", "becomes": "2"}]
    [pool] = told["pools"]
    assert pool["sentence"] == (
        "4 warm ones are replaced one after another; 2 people keep theirs and are told that an update is there."
    )
    assert (pool["replaced"], pool["staying"], pool["kept"], pool["is_whole"]) == (4, 0, 2, True)
    assert await current(root) == first, "asking changes nothing"
    same = (await root.post(f"{AT}/preview", json={"version": first})).json()
    assert (same["changes"], same["pools"][0]["sentence"]) == ([], "Nothing runs from another version.")
    version, *_ = (await root.get(f"{AT}/versions")).json()["items"]
    assert (version["warm"], version["claimed"], version["others"]) == (4, 2, 0)


async def test_whoever_was_overtaken_is_told(root: httpx.AsyncClient) -> None:
    first = await current(root)
    assert (await apply(root, LAB | {"title": "One"}, first)).status_code == 200
    late = await apply(root, LAB | {"title": "Two"}, first)
    assert (late.status_code, "Somebody changed this template meanwhile" in late.text) == (409, True)
    again = await apply(root, LAB | {"title": "One"}, first)
    assert again.status_code == 200, "the same once more, as after a lost answer"
    assert (
        await root.post(f"{AT}/rollback", json={"version": first, "expected_version": first})
    ).status_code == 409


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        ({"title": "x"}, "templates.jupyterlab: expected a command to run, or an image"),
        ({"command": ["x"], "comand": 1}, "there is no setting templates.jupyterlab.comand; did you mean"),
        ({"command": ["{secret}"]}, "expected no {secret} here"),
        ({"command": ["x"], "environment": {"B_TOKEN": HIDDEN}}, "B_TOKEN: expected its value"),
        ({"command": ["x\0"]}, "Expected texts without characters"),
        (
            {"command": ["x"], "files": {"a": {"b": {"c": {"d": {"e": {"f": {"g": 1}}}}}}}},
            "no tables so deep",
        ),
    ],
)
async def test_a_wrong_definition_is_refused_as_in_the_file(
    root: httpx.AsyncClient, definition: dict[str, Any], expected: str
) -> None:
    first = await current(root)
    answer = await apply(root, definition, first)
    assert (answer.status_code, expected in answer.json()["detail"]) == (422, True), answer.text
    assert await current(root) == first


async def test_what_is_not_there_is_told(root: httpx.AsyncClient) -> None:
    first = await current(root)
    assert (await root.get(f"{AT}/versions/{'0' * 64}")).status_code == 404
    assert (await root.get(f"{AT}/versions/{first[:3]}")).status_code == 404, "too short to mean one"
    assert (await root.get(f"{API}/templates/nothing/versions")).status_code == 404
    nothing = {"definition": LAB, "expected_version": "1"}
    assert (await root.put(f"{API}/templates/nothing", json=nothing)).status_code == 404
    assert (await root.post(f"{AT}/preview", json={})).status_code == 422


async def test_templates_are_changed_by_admins_alone(house: House, root: httpx.AsyncClient) -> None:
    first = await current(root)
    ada = await house.person("ada")
    for client in (await house.script(ada), await house.script(house.people["root"], Scope.USE)):
        assert (await apply(client, LAB | {"command": ["sh"]}, first)).status_code == 403
        assert (await client.post(f"{AT}/rollback", json={"version": first})).status_code == 403
        assert (await client.post(f"{AT}/preview", json={"version": first})).status_code == 403
        for address in (f"{AT}/versions", f"{AT}/versions/{first}"):
            assert (await client.get(address)).status_code == 403
