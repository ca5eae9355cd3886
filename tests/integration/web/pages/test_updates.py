"""Whoever holds a workspace of a former version is told that there is a newer one, and how to get it."""

from dataclasses import replace
from typing import Any

import httpx

from carrel.domain.parameter import Choice, Number
from carrel.rules.recipe import versioned
from carrel.store import templates

from .asking import read, words

House = Any
API = "/hub/api/v1"
TOLD = "A newer version is there: release this one and open it again to get it. Your files stay."


async def _put(house: House, **changes: Any) -> None:
    house.recipe = versioned(replace(house.recipe, **changes))
    await house.context.store.write(templates.put, house.recipe, house.context.clock.now())


async def _told(script: httpx.AsyncClient, workspace: str) -> list[bool]:
    one = (await script.get(f"{API}/workspaces/{workspace}")).json()
    [listed] = (await script.get(f"{API}/workspaces")).json()["items"]
    [claim] = (await script.get(f"{API}/claims")).json()["items"]
    return [one["update_available"], listed["update_available"], claim["workspace"]["update_available"]]


async def test_a_newer_version_is_told_to_whoever_holds_one_and_nobody_else(house: House) -> None:
    await _put(house, parameters=(Choice("dataset", ("fly",), "fly"), Number("cores", 2)))
    await house.pool()
    await house.warm(count=2)
    ada = await house.person("ada")
    script, browser = await house.script(ada), await house.browser(ada)
    held = (await script.post(f"{API}/claims", json={"pool": "lab"})).json()["workspace"]
    assert held["update_available"] is False
    for page in ("/hub/", f"/hub/workspaces/{held['id']}"):
        assert TOLD not in words(await read(browser, page))
    assert "dataset fly, cores 2" in words(await read(browser, f"/hub/workspaces/{held['id']}"))
    await _put(house, title="Newer")
    assert await _told(script, held["id"]) == [True, True, True]
    for page in ("/hub/", f"/hub/workspaces/{held['id']}"):
        assert TOLD in words(await read(browser, page))
    await script.delete(f"{API}/workspaces/{held['id']}")
    assert (await script.get(f"{API}/workspaces/{held['id']}")).json()["update_available"] is False
