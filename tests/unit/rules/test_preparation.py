"""What is done next to make a home ready, as a table; and the clone's own script, run for real."""

import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from carrel.domain.ids import TemplateName
from carrel.domain.preparation import Repository, Startup
from carrel.domain.template import Template
from carrel.rules.preparation import (
    LONGEST_PAUSE,
    Did,
    Do,
    Done,
    GivenUp,
    Outcome,
    Task,
    cloning,
    following,
    lines_of,
    looks_for_missing,
    missing,
    prepares,
    tasks,
    told_in,
)

RUN, LOOK = ("make", "ready"), ("is", "ready")
PLAIN = Task("The start-up script", "It runs.", Startup(RUN, retries=2, backoff=timedelta(seconds=3)))
CHECKED = replace(PLAIN, startup=replace(PLAIN.startup, check=LOOK))

OK, BAD, LATE, GONE = (Outcome(Did.COMMAND, code) for code in (0, 1, None, 127))
SEEN, UNSEEN = Outcome(Did.CHECK, 0), Outcome(Did.CHECK, 1)


def run(seconds: float = 0) -> Do:
    return Do(Did.COMMAND, RUN, timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("task", "done", "expected"),
    [
        (PLAIN, [], run()),
        (PLAIN, [OK], Done()),
        (PLAIN, [BAD], run(3)),
        (PLAIN, [BAD, BAD], run(6)),
        (PLAIN, [LATE, OK], Done()),
        (PLAIN, [BAD, BAD, OK], Done()),
        (CHECKED, [], Do(Did.CHECK, LOOK)),
        (CHECKED, [SEEN], Done()),
        (CHECKED, [UNSEEN], run()),
        (CHECKED, [UNSEEN, OK], Do(Did.CHECK, LOOK)),
        (CHECKED, [UNSEEN, BAD], Do(Did.CHECK, LOOK)),
        (CHECKED, [UNSEEN, LATE, SEEN], Done()),
        (CHECKED, [UNSEEN, OK, UNSEEN], run(3)),
        (CHECKED, [UNSEEN, OK, UNSEEN, OK], Do(Did.CHECK, LOOK)),
        (CHECKED, [UNSEEN, OK, UNSEEN, OK, UNSEEN], run(6)),
    ],
)
def test_what_comes_next(task: Task, done: list[Outcome], expected: object) -> None:
    assert following(task, done) == expected


@pytest.mark.parametrize(
    ("task", "done", "sentence"),
    [
        (PLAIN, [BAD] * 3, "The start-up script failed 3 times: it ended with exit status 1."),
        (PLAIN, [BAD, BAD, LATE], "The start-up script failed 3 times: it did not end within 2 minutes."),
        (PLAIN, [GONE], "The start-up script failed: it ended with exit status 127."),
        (
            PLAIN,
            [Outcome(Did.COMMAND, -9)] * 3,
            "The start-up script failed 3 times: it was ended by signal 9.",
        ),
        (
            CHECKED,
            [UNSEEN, *[OK, UNSEEN] * 3],
            "The start-up script failed 3 times: its check ended with exit status 1.",
        ),
    ],
)
def test_at_the_end_of_the_tries_it_says_how_it_failed(
    task: Task, done: list[Outcome], sentence: str
) -> None:
    assert following(task, done) == GivenUp(sentence)


def test_no_pause_grows_without_end() -> None:
    often = replace(PLAIN, startup=replace(PLAIN.startup, retries=20))
    assert following(often, [BAD] * 20) == Do(Did.COMMAND, RUN, LONGEST_PAUSE)


def test_the_lines_are_those_of_the_last_try() -> None:
    done = [
        Outcome(Did.COMMAND, 1, "first"),
        Outcome(Did.COMMAND, 1, "second"),
        Outcome(Did.CHECK, 1, "no\n"),
    ]
    assert lines_of(done) == "second\nno\n"
    assert lines_of([]) == ""
    assert told_in("It failed.\nsecond\nno") == ("It failed.", ["second", "no"])
    assert told_in("It failed.") == ("It failed.", [])


@pytest.mark.parametrize(
    "url",
    ["https://ada:hush-hush-hush@example.org/c.git", "https://hush-hush-hush-hush-hush@example.org/c.git"],
)
def test_what_opens_a_repository_is_told_to_nobody(url: str) -> None:
    template = Template(TemplateName("lab"), ("lab",), repository=Repository(url, "c"))
    (task,) = tasks(template)
    assert cloning(Repository(url, "c")).command[4] == url
    failed = [Outcome(Did.COMMAND, 128, f"fatal: unable to access '{url}': refused")] * 9
    step = following(task, failed)
    assert isinstance(step, GivenUp)
    for told in (task.doing, task.what, step.sentence, lines_of(failed)):
        assert "hush" not in told
    assert "example.org/c.git" in task.doing


def test_a_repository_comes_before_the_script_that_may_work_on_it() -> None:
    template = Template(TemplateName("course"), ("app",))
    assert not prepares(template)
    assert tasks(template) == []
    whole = replace(template, repository=Repository("https://example.org/c.git", "c"), startup=PLAIN.startup)
    assert prepares(whole)
    assert [task.what for task in tasks(whole)] == [
        "The clone of https://example.org/c.git",
        "The start-up script",
    ]


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A repository with two branches."""
    source = tmp_path / "source"
    git(tmp_path, "init", "-q", "-b", "main", str(source))
    (source / "one.txt").write_text("1")
    commit(source)
    git(source, "checkout", "-q", "-b", "autumn")
    (source / "two.txt").write_text("2")
    commit(source)
    git(source, "checkout", "-q", "main")
    return source


def git(where: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=where, check=True)


def commit(source: Path) -> None:
    git(source, "add", ".")
    git(source, "-c", "user.name=T", "-c", "user.email=t@example.org", "commit", "-q", "-m", "more")


def clone(
    home: Path, source: Path, *, into: str = "course", ref: str = "", path: str = "/usr/bin:/bin"
) -> int:
    home.mkdir(exist_ok=True)
    command = cloning(Repository(source.as_uri(), into, ref)).command
    return subprocess.run(["/bin/sh", *command[1:]], cwd=home, env={"PATH": path}, check=False).returncode


def test_a_repository_is_cloned_once_and_left_alone_afterwards(tmp_path: Path, course: Path) -> None:
    home = tmp_path / "home"
    assert clone(home, course) == 0
    assert (home / "course" / "one.txt").read_text() == "1"
    (home / "course" / "one.txt").write_text("mine")
    assert clone(home, course) == 0
    assert (home / "course" / "one.txt").read_text() == "mine"
    assert [each.name for each in home.iterdir()] == ["course"]


def test_a_branch_is_cloned_into_a_folder_of_a_folder(tmp_path: Path, course: Path) -> None:
    home = tmp_path / "home"
    assert clone(home, course, into="lectures/two words", ref="autumn") == 0
    assert (home / "lectures" / "two words" / "two.txt").exists()


def test_a_clone_that_was_cut_short_is_begun_again(tmp_path: Path, course: Path) -> None:
    home = tmp_path / "home"
    (home / ".carrel-clone" / ".git").mkdir(parents=True)
    assert clone(home, course) == 0
    assert [each.name for each in home.iterdir()] == ["course"]


def test_whatever_stands_there_counts_as_the_persons_own(tmp_path: Path, course: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "course").symlink_to("nowhere")
    assert clone(home, course) == 0
    assert (home / "course").readlink() == Path("nowhere")


def test_what_cannot_be_cloned_fails_and_leaves_nothing(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert clone(home, tmp_path / "nothing") not in (0, 127)
    assert list(home.iterdir()) == []


def test_without_git_it_ends_as_a_program_that_is_not_there(tmp_path: Path, course: Path) -> None:
    assert clone(tmp_path / "home", course, path=str(tmp_path)) == 127


def test_the_folders_that_are_not_in_the_home_are_named(tmp_path: Path) -> None:
    template = replace(Template(TemplateName("c"), ("app",)), data={"here": "/srv/a", "not here": "/srv/b"})
    (tmp_path / "here").mkdir()
    command = looks_for_missing(template)
    printed = subprocess.run(
        ["/bin/sh", *command[1:]], cwd=tmp_path, check=True, capture_output=True, text=True
    ).stdout
    assert printed == "not here\n"
    assert "/srv/b (not here)" in (missing(template, printed) or "")
    assert missing(template, "") is None
