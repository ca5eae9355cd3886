"""A start that cannot succeed: one sentence that says what to do, an exit status that says what kind of thing it was, nothing left behind."""

import contextlib
import os
import resource
import shutil
import sqlite3
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from carrel import mint

from .running import Carrel, eventually, prepared, small_config
from .unlucky import (
    QUIET_LAB,
    Loaded,
    as_nobody_special,
    loaded,
    no_accidents,
    refused,
    remount,
    small_disk,
    taken_port,
)

POOL = '[pools.small]\ntemplate = "small"\nbackend = "local"\nwarm = 1\nlimit = 4\n'
INVALID, CONFLICT, UNAVAILABLE = 2, 6, 8


@pytest.fixture(scope="module")
async def quick(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Loaded]:
    """What may be refused without a program of its own, by somebody for whom file permissions count."""
    async with loaded(tmp_path_factory.mktemp("said") / "said", before=as_nobody_special()) as process:
        yield process


@pytest.fixture
def unlucky(tmp_path: Path) -> Carrel:
    """Not started yet. With a pool that would be filled, so that anything begun too early is seen."""
    return prepared(tmp_path, small_config(POOL))


@pytest.fixture(scope="module")
async def first() -> AsyncIterator[Carrel]:
    """Runs; allowed few open files, in a place whose name a URL, a template or a shell would read differently. It is not below
    pytest's own long names, for sockets must fit in.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with tempfile.TemporaryDirectory() as short:
        place = Path(short) / "? %2e {port} 100% #1 Ü'\""
        place.mkdir()
        carrel = prepared(place, small_config(POOL))
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
        try:
            await carrel.launch()
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        try:
            await carrel.line_with("Sign in as admin")
            yield carrel
        finally:
            await carrel.kill_all()
        assert [entry.name for entry in Path(short).iterdir()] == [place.name], "nothing stands beside it"


@pytest.fixture(scope="module")
async def history(first: Carrel, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Of somebody who had a workspace and gave it back: the state directory as a backup has it, and that claim's id."""
    person = await first.person("historian")
    await first.warm("small", 1)
    claim = await first.claim("small", person.token)
    async with first.api(person.token) as api:
        assert (await api.delete(f"/claims/{claim['id']}")).status_code == 200
    state = tmp_path_factory.mktemp("history") / "S"
    shutil.copytree(
        first.state, state, ignore=shutil.ignore_patterns("run", "slots", "logs", "carrel.sqlite*")
    )
    with (
        contextlib.closing(sqlite3.connect(first.state / "carrel.sqlite")) as ours,
        contextlib.closing(sqlite3.connect(state / "carrel.sqlite")) as copy,
    ):
        ours.backup(copy)
        with copy:  # or it would take the other's processes for its own, and end them
            copy.execute("UPDATE installation SET id = ?", (mint.new_id(),))
    return state, claim["id"]


@pytest.fixture
async def left_alone(tmp_path: Path, history: tuple[Path, str]) -> AsyncIterator[tuple[Carrel, str]]:
    """One's own copy of it, not started."""
    carrel = prepared(tmp_path, small_config(POOL))
    shutil.copytree(history[0], carrel.state)
    yield carrel, history[1]
    await carrel.kill_all()


# -- ports ---------------------------------------------------------------------------------------------------------------


async def test_a_taken_hub_port_is_named_with_its_setting(unlucky: Carrel, quick: Loaded) -> None:
    with taken_port(unlucky.port):
        refusal = await refused(unlucky, quick)
    assert refusal.status == UNAVAILABLE
    assert f"Port {unlucky.port} on 127.0.0.1 is taken by another program" in refusal.said
    assert "--port or CARREL_PORT" in refusal.said


async def test_a_taken_workspaces_port_is_named_with_its_setting(unlucky: Carrel, quick: Loaded) -> None:
    with taken_port(unlucky.workspaces_port):
        refusal = await refused(unlucky, quick)
    assert refusal.status == UNAVAILABLE
    assert f"Port {unlucky.workspaces_port} on 127.0.0.1 is taken by another program" in refusal.said
    assert "--workspaces-port or CARREL_WORKSPACES_PORT" in refusal.said


async def test_one_port_for_both_is_refused_with_the_reason(unlucky: Carrel, quick: Loaded) -> None:
    unlucky.workspaces_port = unlucky.port
    refusal = await refused(unlucky, quick)
    assert refusal.status == INVALID
    assert f"port and workspaces_port are both {unlucky.port}" in refusal.said
    assert not unlucky.state.exists(), "nothing was begun"


# -- the state directory -------------------------------------------------------------------------------------------------


async def test_a_state_directory_that_may_not_be_read_is_named(tmp_path: Path, quick: Loaded) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o000)
    carrel = Carrel(locked / "S", *_ports(tmp_path))
    try:
        refusal = await refused(carrel, quick)
    finally:
        locked.chmod(0o700)
    assert refusal.status == UNAVAILABLE
    assert f"The state directory {carrel.state} cannot be used: Permission denied" in refusal.said
    assert "--state-dir" in refusal.said
    assert not carrel.state.exists()


async def test_a_state_directory_that_may_not_be_written_is_named(tmp_path: Path, quick: Loaded) -> None:
    carrel = Carrel(tmp_path / "S", *_ports(tmp_path))
    carrel.state.mkdir(mode=0o500)
    refusal = await refused(carrel, quick)
    assert refusal.status == UNAVAILABLE
    assert f"The state directory {carrel.state} cannot be used" in refusal.said
    assert not list(carrel.state.iterdir())


async def test_a_file_in_the_place_of_the_state_directory_is_left_as_it_is(
    tmp_path: Path, quick: Loaded
) -> None:
    carrel = Carrel(tmp_path / "S", *_ports(tmp_path))
    carrel.state.write_text("somebody's thesis")
    refusal = await refused(carrel, quick)
    assert refusal.status == UNAVAILABLE
    assert f"The state directory {carrel.state} cannot be used: it is no directory" in refusal.said
    assert carrel.state.read_text() == "somebody's thesis"


async def test_a_read_only_disk_is_named(tmp_path: Path, quick: Loaded) -> None:
    with small_disk(tmp_path / "disk", megabytes=4) as disk:
        carrel = Carrel(disk / "S", *_ports(tmp_path))
        carrel.state.mkdir()
        remount(disk, "ro")
        refusal = await refused(carrel, quick)
    assert refusal.status == UNAVAILABLE
    assert f"The state directory {carrel.state}" in refusal.said
    assert "Read-only file system" in refusal.said


async def test_a_state_directory_too_deep_for_sockets_is_named_and_not_made(
    tmp_path: Path, quick: Loaded
) -> None:
    carrel = Carrel(tmp_path / ("deep" * 30) / "S", *_ports(tmp_path))
    refusal = await refused(carrel, quick)
    assert refusal.status == INVALID
    assert "bytes too long for the sockets" in refusal.said
    assert "--state-dir" in refusal.said
    assert not (carrel.state / "carrel.sqlite").exists()


async def test_a_second_up_in_the_same_place_is_refused_and_the_first_goes_on(
    first: Carrel, tmp_path: Path, quick: Loaded
) -> None:
    assert first.process is not None
    held = await first.claim("small", expect=(200, 201))
    await first.warm("small", 1)
    before = {process.pid for process in first.processes()}
    other = Carrel(first.state, *_ports(tmp_path), config=first.config)
    for second in (other, first):
        refusal = await refused(second, quick)
        assert refusal.status == CONFLICT
        assert f"Carrel already runs in {first.state} (process {first.process.pid})" in refusal.said
    assert (first.state / "run" / "carrel.pid").read_text().strip() == str(first.process.pid)
    assert {process.pid for process in first.processes()} >= before, "nobody was ended by it"
    await _lets_in(first, held)
    no_accidents(first)


async def _lets_in(carrel: Carrel, held: dict[str, Any]) -> None:
    async with carrel.browserless() as client:
        inside = await client.get(
            held["workspace"]["url"], headers={"Authorization": f"Bearer {carrel.token}"}
        )
    assert inside.status_code == 200


def _ports(tmp_path: Path) -> tuple[int, int]:
    fresh = prepared(tmp_path)
    return fresh.port, fresh.workspaces_port


# -- Envoy ---------------------------------------------------------------------------------------------------------------


async def test_envoy_at_an_address_where_it_is_not_is_named_with_the_setting(
    unlucky: Carrel, quick: Loaded
) -> None:
    unlucky.environment = {"CARREL_ENVOY": "/nowhere"}
    refusal = await refused(unlucky, quick)
    assert refusal.status == UNAVAILABLE
    assert '"/nowhere"' in refusal.said
    assert "The setting envoy" in refusal.said


async def test_an_envoy_that_may_not_be_run_is_named(unlucky: Carrel, quick: Loaded, tmp_path: Path) -> None:
    program = tmp_path / "envoy"
    program.write_text("#!/bin/sh\nexit 0\n")
    unlucky.environment = {"CARREL_ENVOY": str(program)}
    refusal = await refused(unlucky, quick)
    assert refusal.status == UNAVAILABLE
    assert f'"{program}"' in refusal.said
    assert "is not a program that can be run" in refusal.said


async def test_an_envoy_that_ends_at_once_is_quoted(unlucky: Carrel, quick: Loaded, tmp_path: Path) -> None:
    program = tmp_path / "envoy"
    program.write_text("#!/bin/sh\necho the moon is in the wrong house\nexit 1\n")
    program.chmod(0o700)
    unlucky.environment = {"CARREL_ENVOY": str(program)}
    refusal = await refused(unlucky, quick)
    assert refusal.status == UNAVAILABLE
    assert "the moon is in the wrong house" in refusal.said


# -- the configuration ---------------------------------------------------------------------------------------------------

WRONG_FILES = {
    "a comma instead of a bracket": ("port = 8000\nhost = [1,,2]\n", ["line 2"]),
    "a key that nobody knows": ("[pools.jupyterlab]\nwarn = 3\n", ["pools.jupyterlab.warn", "did you mean pools.jupyterlab.warm?"]),
    "a driver that is not there": ('[backends.local]\ndriver = "docket"\n', ["docket", "local"]),
}  # fmt: skip
"""What stands in the file, and what must be said about it besides the file's own name: one of each kind, for all that can be wrong in a
file is in tests/unit/settings."""


@pytest.mark.parametrize("mistake", WRONG_FILES)
async def test_a_wrong_file_is_named_with_the_place_and_what_was_expected(
    tmp_path: Path, quick: Loaded, mistake: str
) -> None:
    text, expected = WRONG_FILES[mistake]
    carrel = prepared(tmp_path, text)
    refusal = await refused(carrel, quick)
    assert refusal.status == INVALID, f"{mistake}: {refusal.said}"
    for part in expected:
        assert part in refusal.said, f"{mistake}: {refusal.said}"
    if "not there" not in mistake:
        assert str(carrel.config) in refusal.said, f"{mistake}: {refusal.said}"


async def test_a_file_that_is_not_there_is_named(unlucky: Carrel, quick: Loaded) -> None:
    assert unlucky.config is not None
    unlucky.config.unlink()
    refusal = await refused(unlucky, quick)
    assert refusal.status == INVALID
    assert str(unlucky.config) in refusal.said
    assert "--config" in refusal.said


async def test_a_wrong_variable_is_named_and_its_value_is_not_shown(unlucky: Carrel, quick: Loaded) -> None:
    unlucky.environment = {"CARREL_SESSION_LIFETIME": "abc", "CARREL_BOOTSTRAP_TOKEN": "crl_123"}
    refusal = await refused(unlucky, quick)
    assert refusal.status == INVALID
    assert "CARREL_SESSION_LIFETIME" in refusal.said
    assert "environment variable CARREL_BOOTSTRAP_TOKEN" in refusal.said
    assert "at least 8" in refusal.said
    assert "crl_123" not in refusal.said


async def test_a_port_that_is_none_is_named_with_its_variable(tmp_path: Path, quick: Loaded) -> None:
    """Nothing on the command line says otherwise."""
    carrel = prepared(tmp_path, QUIET_LAB)
    carrel.environment = {"CARREL_PORT": "abc"}
    refusal = await refused(carrel, quick, ports=False)
    assert refusal.status == INVALID
    assert "environment variable CARREL_PORT: port: expected a whole number" in refusal.said


# -- the database --------------------------------------------------------------------------------------------------------


async def test_a_damaged_database_is_named_and_left_for_whoever_can_help(
    unlucky: Carrel, quick: Loaded
) -> None:
    unlucky.state.mkdir()
    database = unlucky.state / "carrel.sqlite"
    database.write_bytes(b"This was a database once." * 400)
    refusal = await refused(unlucky, quick)
    assert refusal.status == UNAVAILABLE
    assert f"The file {database} is not a database" in refusal.said
    assert database.read_bytes() == b"This was a database once." * 400


async def test_a_database_with_a_hole_in_it_is_named(left_alone: tuple[Carrel, str], quick: Loaded) -> None:
    carrel, _ = left_alone
    database = carrel.state / "carrel.sqlite"
    content = bytearray(database.read_bytes())
    content[4096 : len(content) // 2] = os.urandom(len(content) // 2 - 4096)
    database.write_bytes(content)
    refusal = await refused(carrel, quick)
    assert refusal.status == UNAVAILABLE
    assert f"The file {database} is damaged. Stop Carrel and put back a backup." in refusal.said


async def test_a_newer_versions_database_is_refused_and_not_touched(
    left_alone: tuple[Carrel, str], quick: Loaded
) -> None:
    carrel, claim = left_alone
    database = carrel.state / "carrel.sqlite"
    _write(database, "UPDATE alembic_version SET version_num = '9999_from_the_future'")
    refusal = await refused(carrel, quick)
    assert refusal.status == UNAVAILABLE
    assert "made by a newer Carrel (revision 9999_from_the_future)" in refusal.said
    _is_untouched(database, claim, revision="9999_from_the_future")


def _is_untouched(database: Path, claim: str, revision: str | None = None) -> None:
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as reader:
        assert reader.execute("SELECT state FROM claims WHERE id = ?", (claim,)).fetchall() == [("released",)]
        if revision is not None:
            assert reader.execute("SELECT version_num FROM alembic_version").fetchall() == [(revision,)]


def _write(database: Path, statement: str) -> None:
    connection = sqlite3.connect(database)
    with connection:
        connection.execute(statement)
    connection.close()


async def test_a_database_that_may_not_be_written_is_named(
    left_alone: tuple[Carrel, str], quick: Loaded
) -> None:
    carrel, claim = left_alone
    database = carrel.state / "carrel.sqlite"
    if os.geteuid() == 0:
        os.chown(database, 65534, 65534)
    database.chmod(0o400)
    refusal = await refused(carrel, quick)
    assert refusal.status == UNAVAILABLE
    assert f"The file {database} cannot be opened (Permission denied)" in refusal.said
    _is_untouched(database, claim)


async def test_a_directory_in_the_place_of_the_database_is_named(unlucky: Carrel, quick: Loaded) -> None:
    database = unlucky.state / "carrel.sqlite"
    database.mkdir(parents=True)
    refusal = await refused(unlucky, quick)
    assert refusal.status == UNAVAILABLE
    assert f"The file {database} cannot be opened (Is a directory)" in refusal.said


async def test_after_every_refusal_the_next_start_succeeds(left_alone: tuple[Carrel, str]) -> None:
    """A refused start must not leave locks, sockets or half-made tables in the way of the next, nor take anything away. These
    refusals are of the program itself.
    """
    carrel, claim = left_alone
    with taken_port(carrel.port):
        assert (await refused(carrel)).status == UNAVAILABLE
    carrel.environment = {"CARREL_ENVOY": "/nowhere"}
    assert (await refused(carrel)).status == UNAVAILABLE
    carrel.environment = {}
    await carrel.start()
    async with carrel.api() as api:
        assert (await api.get(f"/claims/{claim}")).json()["state"] == "released", "nothing is lost"
    await eventually("a claim is served", lambda: carrel.claim("small", expect=(200, 201)))
    no_accidents(carrel)


async def test_a_state_directory_may_have_any_name(first: Carrel) -> None:
    await first.warm("small", 1)
    held = await first.claim("small", expect=(200, 201))
    await _lets_in(first, held)
    assert (first.state / "carrel.sqlite").is_file()
    assert {entry.name for entry in first.state.parent.iterdir()} == {"S", "carrel.toml"}, (
        "nothing stands beside it"
    )
    no_accidents(first)


async def test_a_low_limit_of_open_files_is_raised_as_far_as_it_may_be(first: Carrel) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert first.process is not None
    raised, _ = resource.prlimit(first.process.pid, resource.RLIMIT_NOFILE)
    assert raised == (65_536 if hard == resource.RLIM_INFINITY else min(hard, 65_536))
