"""After an error: the next step, from what there is."""

from typing import Any

import pytest

from carrel.domain.actor import Role, Scope

House = Any
Shell = Any


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        (("claim", "lba", "--user", "ada"), "Did you mean lab?"),
        (("claim", "zzz", "--user", "ada"), "The pools here: lab."),
        (("claim", "lst", "--user", "ada"), "Did you mean `carrel claim list`?"),
        (("pool", "pause", "lba"), "Did you mean lab?"),
        (("claim", "lab", "--user", "add"), "Did you mean ada?"),
        (("user", "show", "somebody"), "carrel user list"),
        (("workspace", "show", "aaaaaaaaaaaaaaaa"), "carrel workspace list"),
        (("claim", "show", "aaaaaaaaaaaaaaaa"), "carrel claim list"),
        (("template", "show", "jupyterlap"), "Did you mean jupyterlab?"),
        (("token", "revoke", "aaaaaaaaaaaaaaaa"), "carrel token list"),
    ],
)
async def test_what_is_not_there(house: House, here: Shell, words: tuple[str, ...], advice: str) -> None:
    await house.pool()
    await house.person("ada")
    ended = await here.run(*words)
    assert (ended.status, ended.out) == (5, "")
    assert advice in ended.err


async def test_without_pools_the_place_where_they_come_from_is_named(house: House, here: Shell) -> None:
    await house.person("ada")
    assert "There is no pool yet" in (await here.run("claim", "lab", "--user", "ada")).err


async def test_a_workspace_in_place_of_its_claim_is_recognised(house: House, here: Shell) -> None:
    await house.pool()
    [warm] = await house.warm()
    await house.person("ada")
    claim = (await here.ok("claim", "lab", "--user", "ada", "--json")).json
    assert f"Its claim is {claim['id']}" in (await here.run("claim", "release", warm.id)).err


async def test_a_reached_limit_names_what_is_held_and_how_to_give_it_back(house: House, here: Shell) -> None:
    await house.pool(per_user=1)
    await house.warm()
    await house.person("ada")
    claim = (await here.ok("claim", "lab", "--user", "ada", "--json")).json
    ended = await here.run("claim", "lab", "--user", "ada", "--name", "two")
    assert ended.status == 7
    assert claim["workspace"]["id"] in ended.err
    assert f"carrel claim release {claim['id']}" in ended.err


async def test_a_token_that_counts_no_more_is_told_with_where_to_get_one(here: Shell, address: str) -> None:
    ended = await here.run("pool", "list", "--url", address, CARREL_TOKEN="crl_unknown")
    assert ended.status == 3
    assert f"{address} does not accept CARREL_TOKEN" in ended.err
    assert "carrel token create" in ended.err


async def test_a_missing_scope_is_named_in_the_command_that_makes_one(
    house: House, here: Shell, address: str
) -> None:
    await house.pool()
    reader = await house.token_of(await house.person("root", Role.ADMIN), Scope.READ)
    ended = await here.run("pool", "pause", "lab", "--url", address, CARREL_TOKEN=reader)
    assert ended.status == 4
    assert "carrel token create LABEL --scope admin" in ended.err


async def test_programs_read_the_next_step_apart(house: House, here: Shell) -> None:
    await house.pool()
    ended = await here.run("pool", "show", "lba", "--json")
    assert '"next": "Did you mean lab?"' in ended.err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("pol",), "Did you mean 'pool'?"),
        (("pool", "lst"), "Did you mean 'list'"),
        (("pool", "list", "--jsn"), "--json"),
    ],
)
async def test_a_slip_of_the_keyboard_is_recognised(
    shell: Shell, words: tuple[str, ...], sentence: str
) -> None:
    ended = await shell.run(*words)
    assert ended.status == 2
    assert sentence in ended.err


async def test_a_line_that_is_no_command_is_json_for_programs(shell: Shell) -> None:
    ended = await shell.process("pool", "lst", "--json")
    assert (ended.status, ended.out) == (2, "")
    assert ended.err.startswith('{"code": "invalid"')
