"""The pages of templates: what one says, mistakes with their lines, what differs, apply, and the way back."""

from typing import Any

import httpx
import pytest

from carrel.domain.actor import Role
from carrel.rules.telling import HIDDEN
from carrel.settings.template_reading import template_from
from carrel.store import templates

from .asking import read, submit, words

House = Any
PAGE = "/hub/admin/templates/jupyterlab"
TEXT = '[templates.jupyterlab]\ntitle = "Lab"\ncommand = ["jupyter", "lab"]\nopen = "lab"\n\n[templates.jupyterlab.environment]\nAPI_TOKEN = "{token}"\n'


@pytest.fixture
async def root(house: House) -> httpx.AsyncClient:
    tree = {
        "title": "Lab",
        "command": ["jupyter", "lab"],
        "open": "lab",
        "environment": {"API_TOKEN": "hush"},
    }
    house.recipe = template_from("jupyterlab", tree)
    await house.context.store.write(templates.put, house.recipe, house.context.clock.now())
    await house.pool(warm=1)
    await house.warm()
    client: httpx.AsyncClient = await house.browser(await house.person("root", Role.ADMIN))
    return client


async def test_the_list_leads_to_what_each_says(root: httpx.AsyncClient) -> None:
    page = await read(root, "/hub/admin/templates")
    assert f'href="{PAGE}"' in page
    assert 'href="/hub/admin/pools/lab"' in page
    shown = await read(root, PAGE)
    assert "API_TOKEN = &#34;set, and not shown&#34;" in shown
    assert "hush" not in shown
    assert "then the configuration file says what holds" in words(shown)


async def test_a_change_is_previewed_as_a_table_and_applied(house: House, root: httpx.AsyncClient) -> None:
    typed = TEXT.format(token=HIDDEN).replace('"Lab"', '"Lab 2"')
    page = await read(root, PAGE)
    previewed = await submit(root, page, f"{PAGE}#says", text=typed, do="preview")
    assert previewed.status_code == 200
    told = words(previewed.text)
    assert "title Lab Lab 2" in told
    assert "Pool lab: 1 warm one is replaced." in told
    applied = await submit(root, previewed.text, f"{PAGE}#says", text=typed, do="apply")
    assert (applied.status_code, applied.headers["location"]) == (303, f"{PAGE}?done=template-applied")
    found = await house.context.store.read(templates.get, "jupyterlab")
    assert (found.title, found.environment["API_TOKEN"]) == ("Lab 2", "hush")


async def test_mistakes_are_told_with_their_lines_and_nothing_typed_is_lost(
    house: House, root: httpx.AsyncClient
) -> None:
    typed = (
        TEXT.format(token=HIDDEN)
        .replace("open =", "opne =")
        .replace('command = ["jupyter", "lab"]', "command = []")
    )
    answer = await submit(root, await read(root, PAGE), f"{PAGE}#says", text=typed, do="apply")
    assert answer.status_code == 422
    told = words(answer.text)
    assert "line 3: templates.jupyterlab.command: expected a program and its arguments." in told
    assert (
        "line 4: there is no setting templates.jupyterlab.opne; did you mean templates.jupyterlab.open?"
        in told
    )
    assert "opne = " in answer.text
    assert await house.context.store.read(templates.get, "jupyterlab") == house.recipe


async def test_whoever_was_overtaken_is_told(house: House, root: httpx.AsyncClient) -> None:
    page = await read(root, PAGE)
    for title, status in (("One", 303), ("Two", 409)):
        typed = TEXT.format(token=HIDDEN).replace('"Lab"', f'"{title}"')
        answer = await submit(root, page, f"{PAGE}#says", text=typed, do="apply")
        assert answer.status_code == status
    assert "Somebody changed this template meanwhile" in words(answer.text)
    found = await house.context.store.read(templates.get, "jupyterlab")
    assert found.title == "One"


async def test_a_former_version_is_compared_and_had_back(house: House, root: httpx.AsyncClient) -> None:
    first = house.recipe.version
    typed = TEXT.format(token="other").replace('"Lab"', '"Newer"')
    await submit(root, await read(root, PAGE), f"{PAGE}#says", text=typed, do="apply")
    assert f"{PAGE}?version={first}#back" in await read(root, PAGE)
    asked = await read(root, f"{PAGE}?version={first}")
    assert "title Newer Lab" in words(asked)
    assert "environment.API_TOKEN set, and not shown another one, not shown" in words(asked)
    back = await submit(root, asked, f"{PAGE}/rollback")
    assert (back.status_code, back.headers["location"]) == (303, f"{PAGE}?done=template-back")
    assert await house.context.store.read(templates.get, "jupyterlab") == house.recipe


async def test_only_admins_see_them(house: House, root: httpx.AsyncClient) -> None:
    ada = await house.browser(await house.person("ada"))
    await read(ada, "/hub/admin/templates", 403)
    await read(ada, PAGE, 403)
