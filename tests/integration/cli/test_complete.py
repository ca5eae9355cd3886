"""What the shell is told to complete, as the three shells ask for it."""

import asyncio
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from carrel.cli import complete
from carrel.domain.parameter import Choice, Number
from carrel.rules.recipe import versioned
from carrel.store import templates

House = Any
Shell = Any


def asked_by_bash(line: str) -> dict[str, str]:
    words = line.split(" ")
    return {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1), "_CARREL_COMPLETE": "complete_bash"}


async def bash(shell: Shell, line: str, **env: str) -> list[str]:
    ended = await shell.run(**asked_by_bash(line), **env)
    assert (ended.status, ended.err) == (0, "")
    return ended.out.split()


async def test_words_and_options_need_no_carrel(shell: Shell) -> None:
    ended = await shell.process(**asked_by_bash("carrel wo"))
    assert (ended.status, ended.out, ended.err) == (0, "workspace\n", "")
    assert await bash(shell, "carrel wo") == ["workspace"]
    assert "list" in await bash(shell, "carrel pool ")
    assert "--follow" in await bash(shell, "carrel workspace logs x --fo")
    assert "ready" in await bash(shell, "carrel workspace list --phase ")


async def test_pools_are_completed_where_a_claim_begins(house: House, here: Shell) -> None:
    await house.pool("lab")
    await house.pool("gpu")
    assert await bash(here, "carrel claim ") == [
        "gpu",
        "lab",
        "create",
        "list",
        "show",
        "why",
        "release",
        "events",
    ]
    assert await bash(here, "carrel claim l") == ["lab", "list"]
    assert "--open" in await bash(here, "carrel claim lab --o")
    assert await bash(here, "carrel pool set g") == ["gpu"]


async def test_people_workspaces_claims_and_tokens_are_completed(house: House, here: Shell) -> None:
    await house.pool()
    [warm] = await house.warm()
    await house.person("ada")
    claim = (await here.ok("claim", "lab", "--user", "ada", "--json")).json
    assert await bash(here, "carrel user show a") == ["ada"]
    assert await bash(here, "carrel claim lab --user a") == ["ada"]
    assert await bash(here, "carrel workspace open ") == [warm.id]
    assert await bash(here, "carrel claim release ") == [claim["id"]]
    assert await bash(here, "carrel template show ") == ["jupyterlab"]


async def test_what_a_template_asks_for_and_its_versions_are_completed(house: House, here: Shell) -> None:
    asks = Choice("dataset", ("mouse", "fly"), "fly"), Number("cores", 2)
    house.recipe = versioned(replace(house.recipe, parameters=asks))
    await house.context.store.write(templates.put, house.recipe, house.context.clock.now())
    await house.pool()
    assert await bash(here, "carrel claim create lab --parameter d") == ["dataset=mouse", "dataset=fly"]
    [version] = await bash(here, f"carrel template diff jupyterlab {house.recipe.version[:3]}")
    assert version == house.recipe.version[:12]


async def test_zsh_and_fish_are_told_what_each_name_is(house: House, here: Shell) -> None:
    await house.pool()
    asked = {"_TYPER_COMPLETE_ARGS": "carrel pool show "}
    zsh = await here.run(**asked, _CARREL_COMPLETE="complete_zsh")
    assert '"lab":"0 ready"' in zsh.out
    fish = await here.run(**asked, _CARREL_COMPLETE="complete_fish", _TYPER_COMPLETE_FISH_ACTION="get-args")
    assert fish.out == "lab\t0 ready\n"


async def test_a_line_may_name_its_carrel(house: House, here: Shell) -> None:
    await house.pool()
    elsewhere = {"CARREL_STATE_DIR": "/nonexistent"}
    assert await bash(here, f"carrel pool show --state-dir {here.state} ", **elsewhere) == ["lab"]


async def test_where_nothing_answers_it_is_silent(shell: Shell) -> None:
    assert await bash(shell, "carrel pool show ") == []
    assert await bash(shell, "carrel pool show ", CARREL_URL="http://127.0.0.1:9", CARREL_TOKEN="x y") == []
    assert await bash(shell, "carrel pool show ", CARREL_URL="http://127.0.0.1:9", CARREL_TOKEN="crl_x") == []


def test_it_waits_a_second_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(client: Any) -> list[tuple[str, str]]:
        await asyncio.sleep(60)
        return [("late", "")]

    line = SimpleNamespace(params={"state_dir": None, "url": "http://127.0.0.1:9"})
    monkeypatch.setenv("CARREL_TOKEN", "crl_x")
    monkeypatch.setattr(complete, "WITHIN", 0.05)
    assert complete._known(line, "", never) == []


async def test_completion_is_installed_for_the_shell_that_is_named(shell: Shell) -> None:
    ended = await shell.process("--show-completion", "bash")
    assert "_CARREL_COMPLETE=complete_bash" in ended.out
    assert (await shell.process("--install-completion", "bash")).status == 0
    assert "carrel.sh" in (shell.home / ".bashrc").read_text()
