"""`carrel home`, and the home that a claim names."""

import tarfile
from typing import Any

import pytest

from carrel.ports.driver import DriverUnavailable

House = Any
Shell = Any


@pytest.fixture
async def ada(house: House, here: Shell) -> Shell:
    """A shell beside a Carrel in which Ada has used a home."""
    await house.pool()
    await house.warm(count=2)
    await house.person("ada")
    return here


async def test_a_home_is_made_named_listed_and_used(ada: Shell) -> None:
    made = (await ada.ok("home", "create", "thesis", "--user", "ada", "--json")).json
    assert (made["name"], made["size_bytes"]) == ("thesis", None)
    renamed = await ada.ok("home", "rename", "thesis", "book", "--user", "ada", "--json")
    assert (renamed.json["id"], renamed.json["name"]) == (made["id"], "book")
    claim = (await ada.ok("claim", "lab", "--home", "book", "--user", "ada", "--json")).json
    assert claim["home"] == {"id": made["id"], "name": "book"}
    [listed] = (await ada.ok("home", "list", "--user", "ada", "--json")).json
    assert (listed["pool"], listed["workspace"]) == ("lab", claim["workspace"]["id"])
    table = (await ada.ok("home", "list", "--user", "ada")).out
    assert "book" in table
    assert "lab" in table
    assert made["id"] in (await ada.ok("home", "show", "book", "--user", "ada")).out
    refused = await ada.run("home", "delete", "book", "--user", "ada")
    assert (refused.status, "Give that back first" in refused.err) == (6, True)


async def test_whoever_has_none_is_told_how_to_begin(ada: Shell) -> None:
    assert "carrel home create" in (await ada.ok("home", "list", "--user", "ada")).err


async def test_a_deleted_home_is_had_back_by_its_name(ada: Shell) -> None:
    made = (await ada.ok("home", "create", "thesis", "--user", "ada", "--json")).json
    deleted = await ada.ok("home", "delete", "thesis", "--user", "ada")
    assert f"carrel home restore {made['id']}" in deleted.err
    again = await ada.run("home", "delete", "thesis", "--user", "ada")
    assert (again.status, "carrel home list" in again.err) == (5, True)
    restored = (await ada.ok("home", "restore", "thesis", "--user", "ada", "--json")).json
    assert (restored["id"], restored["deleted_at"]) == (made["id"], None)


async def test_the_files_are_downloaded_to_where_one_says(house: House, ada: Shell) -> None:
    claim = (await ada.ok("claim", "lab", "--user", "ada", "--json")).json
    house.driver.files_of(claim["workspace"]["id"])["notes.txt"] = b"what she wrote"
    target = ada.home / "files.tar.gz"
    words = ("home", "download", "default", "--user", "ada", "--output", str(target))
    told = await ada.ok(*words)
    assert (str(target) in told.err, told.out) == (True, "")
    assert target.stat().st_mode & 0o077 == 0
    with tarfile.open(target) as packed:
        file = packed.extractfile("notes.txt")
        assert file is not None
        assert file.read() == b"what she wrote"
    again = await ada.run(*words)
    assert (again.status, "--output" in again.err) == (6, True)
    assert sorted(path.name for path in ada.home.iterdir()) == ["files.tar.gz", "state"]


async def test_a_download_can_go_into_a_pipe(house: House, ada: Shell) -> None:
    await ada.ok("home", "create", "thesis", "--user", "ada")
    ended = await ada.run("home", "download", "thesis", "--user", "ada", "--output", "-")
    assert ended.status == 0


async def test_a_download_that_cannot_be_written_leaves_nothing(ada: Shell) -> None:
    await ada.ok("home", "create", "thesis", "--user", "ada")
    nowhere = ada.home / "absent" / "files.tar.gz"
    ended = await ada.run("home", "download", "thesis", "--user", "ada", "--output", str(nowhere))
    assert (ended.status, "cannot be written" in ended.err) == (2, True)


async def test_a_download_that_breaks_off_leaves_no_half_a_file(
    house: House, ada: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ada.ok("home", "create", "thesis", "--user", "ada")

    async def broken(home_id: str) -> Any:
        yield bytes(1 << 16)
        raise DriverUnavailable("The disk is away.")

    monkeypatch.setattr(house.driver, "archive_home", broken)
    target = ada.home / "files.tar.gz"
    ended = await ada.run("home", "download", "thesis", "--user", "ada", "--output", str(target))
    assert ended.status == 8
    assert [path.name for path in ada.home.iterdir()] == ["state"]


async def test_volumes_of_an_older_hub_are_shown_and_then_taken_over(house: House, ada: Shell) -> None:
    house.driver.world.volumes.update({"jupyterhub-user-ada": {}, "jupyterhub-user-bob": {}, "other": {}})
    shown = await ada.ok("home", "adopt", "--dry-run")
    assert "There is nobody called bob" in shown.out
    assert "1 would be taken over, 0 were before, 1 left as they are, 1 named otherwise" in shown.err
    assert house.driver.world.homes == {}
    done = await ada.ok("home", "adopt", "--as", "old")
    assert "1 taken over" in done.err
    assert "old" in (await ada.ok("home", "list", "--user", "ada")).out
    again = (await ada.ok("home", "adopt", "--as", "old", "--json")).json
    assert again["counts"] == {"already": 1, "nobody": 1}
    none = await ada.ok("home", "adopt", "--pattern", "lab-{username}")
    assert "No volume of backend memory is named like" in none.err
    wrong = await ada.run("home", "adopt", "--escape", "older")
    assert (wrong.status, "--escape" in wrong.err) == (2, True)
