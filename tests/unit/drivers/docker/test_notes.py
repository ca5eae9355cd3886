"""What is noted of a workspace: whole or not at all, of this installation alone, and nobody takes over what another one is at."""

import json
from pathlib import Path

import pytest

from carrel.domain.ids import InstallationId, PoolName, TemplateName, WorkspaceId
from carrel.domain.reason import ReasonCode
from carrel.domain.template import Template
from carrel.drivers.docker import container
from carrel.drivers.docker.labels import Owner
from carrel.drivers.docker.notes import Note, Notes
from carrel.drivers.docker.presence import Presence
from carrel.ports.driver import Spec

ID, POOL = WorkspaceId("w000000000000001"), PoolName("desk")
OWNER = Owner(InstallationId("i000000000000001"), "engine")
TEMPLATE = Template(TemplateName("lab"), ("lab",), image="lab", environment={"TOKEN": "{secret}"})
PLAN = container.render(Spec(ID, POOL, TEMPLATE, "s3cret"), owner=OWNER, stop_grace=1)


def opened(directory: Path, owner: Owner = OWNER) -> Notes:
    return Notes(directory, owner, Presence(directory))


@pytest.fixture
def notes(tmp_path: Path) -> Notes:
    return opened(tmp_path)


def everything(directory: Path) -> str:
    return "".join(path.read_text() for path in directory.glob("*") if path.is_file())


def test_a_note_comes_back_and_is_for_nobody_else_to_read(notes: Notes, tmp_path: Path) -> None:
    notes.write(Note(ID, POOL, plan=PLAN))
    found = opened(tmp_path).read(ID)
    assert found is not None
    assert (found.pool, found.plan) == (POOL, PLAN)
    assert (tmp_path / f"{ID}.json").stat().st_mode & 0o777 == 0o600


def test_once_it_runs_its_secret_is_kept_no_longer(notes: Notes, tmp_path: Path) -> None:
    notes.write(Note(ID, POOL, plan=PLAN))
    assert "s3cret" in everything(tmp_path)
    notes.done(ID)
    assert notes.read(ID) == Note(ID, POOL, maker=notes.presence.name)
    assert "s3cret" not in everything(tmp_path)


def test_what_failed_and_what_was_taken_out_stays_so(notes: Notes) -> None:
    notes.write(Note(ID, POOL, sentence="No.", code=ReasonCode.IMAGE_MISSING))
    notes.let_out(ID, None)
    found = notes.read(ID)
    assert found is not None
    assert (found.sentence, found.code, found.is_out, found.pool) == (
        "No.",
        ReasonCode.IMAGE_MISSING,
        True,
        POOL,
    )


def test_what_is_forgotten_is_gone_with_what_was_half_written(notes: Notes, tmp_path: Path) -> None:
    notes.write(Note(ID, POOL, plan=PLAN))
    (tmp_path / f"{ID}.new").write_text("half")
    notes.forget(ID)
    notes.forget(ID)
    assert notes.all() == {}
    assert everything(tmp_path) == ""


def test_done_without_a_note_makes_none(notes: Notes) -> None:
    notes.done(ID)
    assert notes.read(ID) is None


def test_notes_of_another_installation_are_neither_shown_nor_forgotten(notes: Notes, tmp_path: Path) -> None:
    notes.write(Note(ID, POOL))
    other = opened(tmp_path, Owner(InstallationId("i000000000000002"), "engine"))
    assert other.all() == {}
    other.forget(ID)
    assert set(notes.all()) == {ID}


@pytest.mark.parametrize("damage", ["", "[]", '{"pool": 1}', json.dumps({"installation": "x"})])
def test_a_damaged_note_is_a_note(notes: Notes, tmp_path: Path, damage: str) -> None:
    (tmp_path / f"{ID}.json").write_text(damage)
    assert notes.read(ID) == Note(ID, None)
    notes.forget(ID)
    assert notes.all() == {}


def test_only_what_nobody_is_at_is_taken_over_and_by_one_alone(notes: Notes, tmp_path: Path) -> None:
    notes.write(Note(ID, POOL, plan=PLAN))
    one, other = opened(tmp_path), opened(tmp_path)
    assert one.take_over(one.all().values()) == []
    seen = list(other.all().values())
    notes.presence.close()
    assert [note.workspace_id for note in one.take_over(one.all().values())] == [ID]
    assert other.take_over(seen) == []
    one.done(ID)
    one.presence.close()
    assert other.take_over(seen) == []
    other.presence.close()
    assert list(tmp_path.glob(".*")) == []


def test_what_the_killed_left_of_themselves_goes_with_the_next_start(tmp_path: Path) -> None:
    (tmp_path / ".x000000000000001.alive").touch()
    notes = opened(tmp_path)
    assert [path.name for path in tmp_path.glob(".*")] == [f".{notes.presence.name}.alive"]
    notes.presence.close()
