"""A template that asks people something has a form for it; one that does not is opened with one click."""

from dataclasses import replace
from typing import Any

import httpx
import pytest

from carrel.domain.parameter import Choice, Number, Text
from carrel.rules.recipe import versioned
from carrel.store import claims, templates

from .asking import forms, read, submit, words

House = Any
ASKS = (
    Choice("dataset", ("mouse", "fly"), "fly", title="Data set", description="Which animal."),
    Number("cores", 2, least=1, most=8, step=1, title="Cores"),
    Text("branch", "main", pattern="[a-z]+", longest=20, title="Branch"),
)


@pytest.fixture
async def browser(house: House) -> httpx.AsyncClient:
    house.recipe = versioned(replace(house.recipe, parameters=ASKS, icon="notebook"))
    await house.context.store.write(templates.put, house.recipe, house.context.clock.now())
    await house.pool()
    client: httpx.AsyncClient = await house.browser(await house.person("ada"))
    return client


async def test_the_card_leads_to_the_form_with_labels_hints_and_limits(browser: httpx.AsyncClient) -> None:
    home = await read(browser, "/hub/")
    assert "/hub/open/lab" not in forms(home)
    assert 'href="/hub/open/lab"' in home
    assert "#notebook" in home
    page = await read(browser, "/hub/open/lab")
    assert '<label for="f-parameter-dataset">Data set</label>' in page
    assert '<option value="fly" selected>fly</option>' in page
    assert 'name="parameter-cores" type="number" value="2"' in page
    assert 'min="1"' in page
    assert 'maxlength="20"' in page
    told = words(page)
    assert "Which animal." in told
    assert "A number from 1 to 8 in steps of 1." in told
    assert "At most 20 characters, as in [a-z]+." in told


async def test_what_was_filled_in_is_kept_with_the_claim(house: House, browser: httpx.AsyncClient) -> None:
    page = await read(browser, "/hub/open/lab")
    chosen = {"parameter-dataset": "mouse", "parameter-cores": "8", "parameter-branch": "next"}
    answer = await submit(browser, page, "/hub/open/lab", **chosen)
    assert answer.status_code == 303
    [claim] = await house.context.store.read(claims.waiting, "lab")
    assert claim.parameters == {"dataset": "mouse", "cores": 8.0, "branch": "next"}


async def test_a_mistake_keeps_what_was_typed_and_says_what_was_expected(
    house: House, browser: httpx.AsyncClient
) -> None:
    page = await read(browser, "/hub/open/lab?path=lab/tree/a.ipynb")
    chosen = {"parameter-dataset": "mouse", "parameter-cores": "9", "parameter-branch": "next"}
    answer = await submit(browser, page, "/hub/open/lab", **chosen)
    assert answer.status_code == 422
    assert "Cores: expected a number from 1 to 8" in words(answer.text)
    assert '<option value="mouse" selected>' in answer.text
    assert 'value="next"' in answer.text
    assert 'name="path" value="lab/tree/a.ipynb"' in answer.text
    assert await house.context.store.read(claims.waiting, "lab") == []


async def test_a_link_may_say_what_to_begin_with(browser: httpx.AsyncClient) -> None:
    page = await read(browser, "/hub/open/lab?parameter-dataset=mouse&parameter-cores=4")
    assert '<option value="mouse" selected>' in page
    assert 'value="4"' in page
