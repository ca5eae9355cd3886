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
from carrel.cli.reach import is_ours
from carrel.cli.screen import Screen
from carrel.domain.errors import ALL_ERRORS
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


async def test_without_anywhere_to_print_nothing_breaks(here: Shell) -> None:
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
    said = on_terminal(30, lambda screen: screen.rows([pool], ("name", "template", "backend", "per_user")))
    assert pool.name in said
    assert "…" not in said


def test_what_an_app_printed_does_not_command_the_terminal_of_whoever_reads_it() -> None:
    """CVE-2021-25743: a log could set titles, clipboards and more."""
    log = "\x1b[31mred\x1b[0m\n\x1b]52;c;ZXZpbA==\x07 \x9b2J done"
    said = on_terminal(80, lambda screen: screen.text(log))
    assert not {"\x1b", "\x07", "\x9b"} & set(said)
    assert "red" in said
    assert "done" in said
    event = v1.Event(seq=1, at=datetime(2026, 1, 1, tzinfo=UTC), kind="failed", sentence=log)
    assert "\x1b]" not in on_terminal(80, lambda screen: screen.rows([event], ("kind", "sentence")))
