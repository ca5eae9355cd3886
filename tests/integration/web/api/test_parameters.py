"""What people choose when they ask for a workspace: told by the template, checked, kept with the claim, and told again."""

from dataclasses import replace
from typing import Any

from carrel.domain.parameter import Choice, Number, Text
from carrel.rules.recipe import versioned
from carrel.store import templates

House = Any
API = "/hub/api/v1"
ASKS = (
    Choice("dataset", ("mouse", "fly"), "fly", title="Data set", description="Which animal."),
    Number("cores", 2, least=1, most=8, step=1, title="Cores"),
    Text("branch", "main", pattern="[a-z]+", longest=20, title="Branch"),
)


async def asking(house: House) -> None:
    house.recipe = versioned(replace(house.recipe, parameters=ASKS, icon="notebook"))
    await house.context.store.write(templates.put, house.recipe, house.context.clock.now())
    await house.pool()


async def test_a_template_says_what_it_asks(house: House) -> None:
    await asking(house)
    ada = await house.script(await house.person("ada"))
    told = (await ada.get(f"{API}/templates/jupyterlab")).json()
    assert told["icon"] == "notebook"
    dataset, cores, branch = told["parameters"]
    assert (dataset["type"], dataset["options"], dataset["default"]) == ("choice", ["mouse", "fly"], "fly")
    assert (cores["least"], cores["most"], cores["step"], cores["default"]) == (1, 8, 1, 2)
    assert (branch["pattern"], branch["longest"], branch["title"]) == ("[a-z]+", 20, "Branch")


async def test_what_was_chosen_is_kept_with_the_claim(house: House) -> None:
    await asking(house)
    await house.warm()
    ada = await house.script(await house.person("ada"))
    asked = {"pool": "lab", "parameters": {"dataset": "mouse", "cores": "4"}}
    answer = await ada.post(f"{API}/claims", json=asked)
    assert (answer.status_code, answer.json()["state"]) == (201, "held")
    kept = {"dataset": "mouse", "cores": 4.0, "branch": "main"}
    assert answer.json()["parameters"] == kept
    for same in ({}, {"dataset": "mouse"}, {"cores": 4}):
        again = await ada.post(f"{API}/claims", json={"pool": "lab", "parameters": same})
        assert (again.status_code, again.json()["parameters"]) == (200, kept)
    other = await ada.post(f"{API}/claims", json={"pool": "lab", "parameters": {"dataset": "fly"}})
    assert (other.status_code, other.json()["code"]) == (409, "conflict")
    assert "with another dataset" in other.json()["detail"]


async def test_a_wrong_choice_is_refused_and_takes_nothing(house: House) -> None:
    await asking(house)
    await house.warm()
    ada = await house.script(await house.person("ada"))
    for given, expected in [
        ({"dataset": "cat"}, "Data set: expected one of mouse, fly."),
        ({"cores": 9}, "Cores: expected a number from 1 to 8 in steps of 1."),
        ({"cores": True}, "Cores: expected a number from 1 to 8 in steps of 1."),
        ({"branch": "X"}, "Branch: expected at most 20 characters, as in [a-z]+."),
        ({"colour": "red"}, "There is no parameter called 'colour' here; it has dataset, cores, branch."),
    ]:
        answer = await ada.post(f"{API}/claims", json={"pool": "lab", "parameters": given})
        assert (answer.status_code, answer.json()["detail"]) == (422, expected)
    assert (await ada.get(f"{API}/claims")).json()["items"] == []


async def test_a_template_that_asks_nothing_takes_nothing(house: House) -> None:
    await house.pool()
    ada = await house.script(await house.person("ada"))
    answer = await ada.post(f"{API}/claims", json={"pool": "lab", "parameters": {"cores": 2}})
    assert answer.status_code == 422
    assert "it has none" in answer.json()["detail"]
