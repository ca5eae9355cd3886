"""`carrel doctor` as people run it: before the first start, beside a Carrel that runs, with settings that cannot be read."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from carrel.app.sockets import SocketServer
from carrel.cli.exits import EXITS, UNWELL
from carrel.domain.actor import System
from carrel.domain.finding import Diagnosis
from carrel.rules.checkup import addresses, pools
from carrel.web.app import hub_app

House = Any
Shell = Any
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)

QUIET = f"""
[templates.jupyterlab]
command = ["{sys.executable}"]
memory = "16MiB"
"""


@pytest.fixture
def fresh(shell: Shell, tmp_path: Path) -> list[str]:
    """The words for a machine on which Carrel never ran and could."""
    (tmp_path / "carrel.toml").write_text(QUIET)
    ports = ["CARREL_PORT", "CARREL_WORKSPACES_PORT"]
    shell.env |= dict(zip(ports, ["31998", "31999"], strict=True))
    return ["doctor", "--config", str(tmp_path / "carrel.toml"), "--state-dir", str(tmp_path / "S")]


async def test_before_the_first_start_it_tells_whether_carrel_could_start(
    shell: Shell, fresh: list[str], tmp_path: Path
) -> None:
    ended = await shell.run(*fresh)
    assert ended.status == 0, ended.out
    assert "✓ CRL102  State directory:" in ended.out
    assert "✓ CRL201  Port (port): 127.0.0.1:31998 is free." in ended.out
    assert "CRL301" not in ended.out, "what only a running one knows is not guessed"
    assert ended.out.splitlines()[0] == "This machine"
    assert "good." in ended.out.splitlines()[-1]
    assert not (tmp_path / "S").exists()


async def test_the_good_ones_are_explained_only_on_request(shell: Shell, fresh: list[str]) -> None:
    brief, whole = await shell.run(*fresh), await shell.run(*fresh, "--all")
    assert "Tickets live for a minute" not in brief.out
    assert "Why it matters: Tickets live for a minute" in whole.out


async def test_programs_get_json_as_the_api_has_it(shell: Shell, fresh: list[str]) -> None:
    told = (await shell.run(*fresh, "--json")).json
    assert told["outcome"] in ("good", "warning")
    assert {"code", "subject", "title", "about", "outcome", "found", "why", "fix"} == set(told["findings"][0])


async def test_a_broken_settings_file_is_a_finding_and_no_trace(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "carrel.toml").write_text("[pools.lab\n")
    ended = await shell.run("doctor", "--config", str(tmp_path / "carrel.toml"))
    assert ended.status == UNWELL
    assert "✗ CRL101  Settings:" in ended.out
    assert "is not valid TOML" in ended.out
    assert "What to do:" in ended.out
    assert ended.err == ""


async def test_what_is_bad_ends_with_a_status_of_its_own(shell: Shell, fresh: list[str]) -> None:
    ended = await shell.run(*fresh, CARREL_TEMPLATES__JUPYTERLAB__COMMAND='["no-such-program"]')
    assert ended.status == UNWELL
    assert "✗ CRL502  Template's program (jupyterlab):" in ended.out
    assert UNWELL not in EXITS.values()


async def test_warnings_count_where_asked(shell: Shell, fresh: list[str]) -> None:
    given = {"CARREL_PUBLIC_URL": "https://a.example.org", "CARREL_WORKSPACES_URL": "https://*.b.example.org"}
    ended = await shell.run(*fresh, "--strict", "--json", **given)
    assert ended.status == UNWELL
    assert [one["outcome"] for one in ended.json["findings"] if one["code"] == "CRL604"] == ["warning"]


class Doctor:
    async def look(self, *, afresh: bool = False) -> Diagnosis:
        finding = addresses.HUB.bad("It leads elsewhere \x1b[31mred.")
        return Diagnosis(NOON, (finding, pools.COMMAND.good("All are there.")))


async def test_beside_a_carrel_that_runs_that_one_is_asked(house: House, shell: Shell) -> None:
    owners = hub_app(house.context, owner=System("owner"), checkup=Doctor())
    server = SocketServer(owners, shell.state / "run" / "owner.sock")
    await server.start()
    try:
        ended = await shell.run("doctor", CARREL_TEMPLATES__JUPYTERLAB__COMMAND='["no-such-program"]')
    finally:
        await server.stop()
    assert ended.status == UNWELL
    assert "✗ CRL301  The hub's address: It leads elsewhere" in ended.out
    assert "\x1b" not in ended.out
    assert "✓ CRL502  Template's program: All are there." in ended.out, "it knows its PATH better than we do"
    assert "CRL102" in ended.out, "the machine is looked at all the same"


async def test_as_a_process_of_its_own_it_ends_quickly_and_quietly(shell: Shell, fresh: list[str]) -> None:
    ended = await shell.process(*fresh)
    assert ended.status == 0, ended.out
    assert ended.err == ""
