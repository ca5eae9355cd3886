"""How commands end: a status for each code, a sentence for people, JSON for programs, never a stack trace."""

import os
import socket
from pathlib import Path
from typing import Any

import pytest

from carrel import __version__
from carrel.cli.exits import EXITS
from carrel.cli.reach import is_ours
from carrel.domain.errors import ALL_ERRORS

House = Any
Shell = Any


def test_every_error_code_has_an_exit_status_of_its_own() -> None:
    assert {error.code for error in ALL_ERRORS} == set(EXITS)
    assert len(set(EXITS.values())) == len(EXITS)
    assert 0 not in EXITS.values()


async def test_the_version_is_printed(shell: Shell) -> None:
    assert (await shell.process("--version")).out == f"carrel {__version__}\n"


async def test_where_no_carrel_runs_it_says_so_and_what_to_do(shell: Shell) -> None:
    ended = await shell.process("pool", "list")
    assert ended.status == EXITS["unavailable"]
    assert "No Carrel runs here" in ended.err
    assert "carrel up" in ended.err
    assert "Traceback" not in ended.err


async def test_a_socket_left_by_a_killed_carrel_is_no_carrel(shell: Shell) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(shell.state / "run" / "owner.sock"))
    ended = await shell.run("pool", "list")
    assert (ended.status, "No Carrel runs here" in ended.err) == (8, True)


async def test_an_address_without_a_token_asks_for_one(shell: Shell) -> None:
    ended = await shell.run("pool", "list", CARREL_URL="http://127.0.0.1:9")
    assert ended.status == 2
    assert "CARREL_TOKEN" in ended.err


async def test_an_address_where_nothing_answers_is_named(shell: Shell) -> None:
    ended = await shell.run("pool", "list", CARREL_URL="http://127.0.0.1:9", CARREL_TOKEN="crl_secret")
    assert ended.status == 8
    assert "http://127.0.0.1:9" in ended.err
    assert "crl_secret" not in ended.err


async def test_two_places_at_once_are_refused(shell: Shell) -> None:
    ended = await shell.run("pool", "list", "--url", "http://127.0.0.1:9", "--state-dir", "x")
    assert ended.status == 2


async def test_errors_in_json_are_for_programs(here: Shell) -> None:
    ended = await here.run("pool", "show", "none", "--json")
    assert (ended.status, ended.out) == (5, "")
    assert '"code": "not_found"' in ended.err


@pytest.mark.parametrize(
    "words", [["pool"], ["pool", "shrink"], ["pool", "show"], ["nothing"], ["pool", "list", "--loud"]]
)
async def test_what_is_no_command_ends_with_2(shell: Shell, words: list[str]) -> None:
    assert (await shell.run(*words)).status == 2


async def test_a_made_up_id_ends_with_5(here: Shell) -> None:
    ended = await here.run("claim", "show", "../../etc/passwd")
    assert ended.status == 5


async def test_a_workspace_that_is_held_by_nobody_cannot_be_extended(house: House, here: Shell) -> None:
    await house.pool()
    [warm] = await house.warm()
    ended = await here.run("workspace", "extend", warm.id)
    assert ended.status == EXITS["conflict"]


async def test_a_broken_configuration_is_named_and_not_a_stack_trace(shell: Shell) -> None:
    (shell.home / "carrel.toml").write_text("port = [\n")
    del shell.env["CARREL_STATE_DIR"]
    ended = await shell.process("pool", "list")
    assert ended.status == 2
    assert "carrel.toml" in ended.err
    assert "Traceback" not in ended.err


def test_somebody_elses_socket_is_not_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "s"
    assert not is_ours(path)
    path.touch()
    assert not is_ours(path)
    path.unlink()
    with socket.socket(socket.AF_UNIX) as ours:
        monkeypatch.chdir(tmp_path)
        ours.bind("s")
    assert is_ours(path)
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    assert not is_ours(path)
    link = tmp_path / "link"
    link.symlink_to(path)
    monkeypatch.undo()
    assert not is_ours(link)
