"""carrel template: versions, what differs, apply a file, go back."""

from dataclasses import replace
from typing import Any

import pytest

from carrel.rules.recipe import versioned
from carrel.store import templates

House = Any
Shell = Any
TOML = '[templates.jupyterlab]\ntitle = "JupyterLab"\ncommand = ["jupyter", "lab"]\nopen = "lab"\nmemory = "{memory}"\n'


@pytest.fixture(autouse=True)
async def recipe(house: House) -> None:
    house.recipe = versioned(replace(house.recipe, memory=1024**3))
    await house.context.store.write(templates.put, house.recipe, house.context.clock.now())
    await house.pool(warm=1)
    await house.warm()


async def test_a_file_is_previewed_applied_and_gone_back_from(house: House, here: Shell) -> None:
    first = house.recipe.version
    shown = (await here.ok("template", "show", "jupyterlab", "--toml")).out
    assert shown == TOML.format(memory="1GiB")
    file = here.home / "lab.toml"
    file.write_text(TOML.format(memory="2GiB"))
    foretold = await here.ok("template", "apply", str(file), "--dry-run")
    assert foretold.out == "jupyterlab.memory: 1GiB → 2GiB\nPool lab: 1 warm one is replaced.\n"
    assert (await here.ok("template", "show", "jupyterlab", "--json")).json["version"] == first
    done = await here.ok("template", "apply", str(file))
    assert "jupyterlab is at version" in done.err
    listed = (await here.ok("template", "versions", "jupyterlab", "--json")).json
    assert [(one["is_current"], one["warm"]) for one in listed][:2] == [(True, 0), (False, 1)]
    assert (await here.ok("template", "diff", "jupyterlab", first[:8])).out == "memory: 2GiB → 1GiB\n"
    again = await here.ok("template", "apply", str(file))
    assert "says that already" in again.err
    back = await here.ok("template", "rollback", "jupyterlab", first[:8], "--json")
    assert back.json["version"] == first


async def test_a_wrong_file_is_told(here: Shell) -> None:
    file = here.home / "lab.toml"
    for text, expected in [
        (
            "[templates.jupyterlab]\ntitle = 'x'\n",
            "templates.jupyterlab: expected a command to run, or an image",
        ),
        ("[pools.x]\n", "Expected tables [templates.NAME] and nothing else."),
        ("[templates.nothing]\ncommand = ['x']\n", "There is no template called 'nothing'."),
    ]:
        file.write_text(text)
        ended = await here.run("template", "apply", str(file))
        assert (ended.status != 0, expected in ended.err) == (True, True), ended.err
    missing = await here.run("template", "apply", str(here.home / "none.toml"))
    assert "cannot be read" in missing.err
