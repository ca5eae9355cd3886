"""How commands end: a status for each code, a sentence for people, JSON for programs, never a stack trace."""

import asyncio
import os
import socket
import sys
import termios
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from carrel import __version__
from carrel.cli.exits import EXITS
from carrel.cli.reach import Place, place
from carrel.cli.screen import Screen
from carrel.cli.table import Column
from carrel.domain.errors import ALL_ERRORS, CarrelError, Forbidden, Invalid
from carrel.wire import v1

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
    assert "Carrel is not running here" in ended.err
    assert "carrel up" in ended.err
    assert "Traceback" not in ended.err


async def test_a_socket_left_by_a_killed_carrel_is_no_carrel(shell: Shell) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(shell.state / "run" / "owner.sock"))
    ended = await shell.run("pool", "list")
    assert (ended.status, "Carrel is not running here" in ended.err) == (8, True)


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


def test_somebody_elses_socket_is_not_ours(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is meant for ours would be told to whoever put it there."""
    run = shell.state / "run"
    (run / "owner.sock").touch()
    assert refusal(shell.state) == "unavailable"
    (run / "owner.sock").unlink()
    with socket.socket(socket.AF_UNIX) as ours:
        ours.bind(str(run / "owner.sock"))
        ours.listen()
        assert place(shell.state, None).is_owners
        monkeypatch.setattr(os, "geteuid", lambda: 12345)
        assert refusal(shell.state) == "forbidden"
        monkeypatch.undo()
        (run / "owner.sock").rename(run / "elsewhere.sock")
        (run / "owner.sock").symlink_to(run / "elsewhere.sock")
        assert refusal(shell.state) == "unavailable"


def test_a_folder_of_somebody_else_is_named_with_what_to_do(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(path: Path) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "lstat", denied)
    with pytest.raises(Forbidden, match=r"belongs to somebody else.*CARREL_TOKEN"):
        place(shell.state, None)


def test_where_ours_does_not_run_the_environment_names_another(shell: Shell) -> None:
    environ = {"CARREL_STATE_DIR": str(shell.state), "CARREL_URL": "https://carrel.example.org/hub/"}
    found = place(None, None, environ | {"CARREL_TOKEN": " crl_secret\n"})
    assert found == Place("https://carrel.example.org", "crl_secret")


@pytest.mark.parametrize("url", ["carrel.example.org", "ftp://x", "http://", "http://[x", "https://x:99999"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(Invalid, match="is no address of a Carrel"):
        place(None, url, {"CARREL_TOKEN": "crl_secret"})


@pytest.mark.parametrize("token", ["crl_ü", "two words", "crl_\x07"])
def test_what_cannot_be_a_token_is_refused(token: str) -> None:
    with pytest.raises(Invalid, match="CARREL_TOKEN is no API token"):
        place(None, "https://carrel.example.org", {"CARREL_TOKEN": token})


def refusal(state: Path) -> str:
    with pytest.raises(CarrelError) as refused:
        place(state, None)
    return refused.value.code


async def test_a_terminal_that_knows_only_ascii_gets_what_it_can_show(here: Shell) -> None:
    await here.ok("user", "create", "zoë", "--password-stdin", stdin="a long password\n")
    ended = await here.process("user", "list", PYTHONIOENCODING="ascii")
    assert "Traceback" not in ended.err
    assert (ended.status, "zo?" in ended.out) == (0, True)


async def test_an_argument_that_is_no_text_is_refused_in_words(here: Shell) -> None:
    ended = await here.process("user", "show", os.fsdecode(b"zo\xeb"))
    assert (ended.status, ended.out) == (2, "")
    assert "is no text in this terminal's encoding" in ended.err
    assert "Traceback" not in ended.err


async def test_without_anywhere_to_print_nothing_breaks(house: House, here: Shell) -> None:
    await house.pool()
    code = "import sys; sys.stdout = None; sys.argv = ['carrel', 'pool', 'list']; from carrel.cli.app import main; main()"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, env=here.env, stderr=asyncio.subprocess.PIPE
    )
    _, err = await asyncio.wait_for(process.communicate(), 60)
    assert (process.returncode, err) == (0, b"")


def on_terminal(columns: int, print_it: Callable[[Screen], None]) -> str:
    """What a terminal so wide is sent."""
    ours, theirs = os.openpty()
    termios.tcsetwinsize(theirs, (24, columns))
    with os.fdopen(theirs, "w") as terminal, pytest.MonkeyPatch.context() as patched:
        patched.setattr(sys, "stdout", terminal)
        patched.setenv("NO_COLOR", "1")
        patched.setenv("TERM", "xterm")
        patched.delenv("COLUMNS", raising=False)  # which tests that run side by side are given
        print_it(Screen(as_json=False))
        terminal.flush()
        said = os.read(ours, 1 << 16).decode()
    os.close(ours)
    return said


def test_a_narrow_terminal_cuts_no_id() -> None:
    """Half an id cannot be copied."""
    counts = v1.Counts(ready=0, starting=0, claimed=0, stopping=0, failed=0, waiting=0)
    pool = v1.Pool(
        name="a-name-that-takes-its-time", template="t", backend="b", warm=1, limit=2, per_user=1,
        paused=False, counts=counts,
    )  # fmt: skip
    columns = (Column("name"), Column("template", 1), Column("backend"), Column("per_user", 2))
    said = on_terminal(40, lambda screen: screen.rows([pool], columns))
    assert pool.name in said
    assert ("backend" in said, "template" in said, "per user" in said) == (True, False, False)
    assert "…" not in said
    wider = on_terminal(80, lambda screen: screen.rows([pool], columns))
    assert "per user" in wider


def test_what_an_app_printed_does_not_command_the_terminal_of_whoever_reads_it() -> None:
    """CVE-2021-25743: a log could set titles, clipboards and more."""
    log = "\x1b[31mred\x1b[0m\n\x1b]52;c;ZXZpbA==\x07 \x9b2J done"
    said = on_terminal(80, lambda screen: screen.text(log))
    assert not {"\x1b", "\x07", "\x9b"} & set(said)
    assert "red" in said
    assert "done" in said
    event = v1.Event(seq=1, at=datetime(2026, 1, 1, tzinfo=UTC), kind="failed", sentence=log)
    columns = (Column("kind"), Column("sentence", folds=True))
    assert "\x1b]" not in on_terminal(80, lambda screen: screen.rows([event], columns))
