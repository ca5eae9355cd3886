"""What is shown of a workspace: its state from note and containers together, and how it ended in words."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from carrel.domain.endpoint import Endpoint
from carrel.domain.ids import InstallationId, PoolName, TemplateName, WorkspaceId
from carrel.domain.instance import Progress
from carrel.domain.reason import ReasonCode
from carrel.domain.template import Template
from carrel.drivers.docker import container, showing
from carrel.drivers.docker.labels import Owner
from carrel.drivers.docker.notes import Note
from carrel.drivers.docker.showing import Evidence, Listed, Run
from carrel.ports.driver import Instance, InstanceState, Spec
from carrel.rules.causes import Mishap, cause

ID, POOL = WorkspaceId("w000000000000001"), PoolName("desk")
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
LABELS = {"carrel.workspace": ID, "carrel.pool": POOL, "carrel.endpoint": "10.0.0.5:8888"}
PLAN = container.render(
    Spec(ID, POOL, Template(TemplateName("lab"), ("lab",), image="lab"), "secret"),
    owner=Owner(InstallationId("i000000000000001"), "engine"),
    stop_grace=1,
)


def listed(state: str = "running", **more: str) -> Listed:
    return Listed(
        f"id{more.get('companion', '')}", state, LABELS | {f"carrel.{k}": v for k, v in more.items()}
    )


def run(status: int = 0, **changes: Any) -> Run:
    plain = {"started_at": NOON, "ended_at": NOON + timedelta(seconds=90), "status": status}
    return Run(**{**plain, "ran_out_of_memory": False, "error": "", "memory": None, **changes})


def seen(evidence: Evidence, under_way: InstanceState | None = None) -> Instance:
    return showing.shown(ID, evidence, under_way)


def test_a_running_container_is_a_running_workspace_at_the_place_in_its_label() -> None:
    shown = seen(Evidence(Note(ID, POOL), [listed()], {"id": run(ended_at=None)}))
    assert (shown.state, shown.pool) == (InstanceState.RUNNING, POOL)
    assert shown.endpoint == Endpoint("10.0.0.5", 8888)
    assert shown.handle == '{"id": "id", "started": "2026-11-21T12:00:00+00:00"}'
    assert shown.sentence is None


def test_without_a_note_the_labels_tell() -> None:
    assert seen(Evidence(None, [listed()])).pool == POOL


def test_what_is_noted_as_begun_is_starting_whatever_stands_of_it_and_tells_how_far_it_is() -> None:
    for group in ([], [listed("created")], [listed()]):
        assert seen(Evidence(Note(ID, POOL, plan=PLAN), group)).state is InstanceState.STARTING
    far = Progress("The image lab is being fetched.", 0.4)
    assert seen(Evidence(Note(ID, POOL, plan=PLAN), progress=far)).progress == far
    assert seen(Evidence(Note(ID, POOL, plan=PLAN))).progress is not None
    assert seen(Evidence(None, [listed()])).progress is None


def test_what_is_being_done_to_it_comes_before_what_is_seen() -> None:
    assert seen(Evidence(None, [listed()]), InstanceState.STOPPING).state is InstanceState.STOPPING


def test_a_start_that_failed_says_why() -> None:
    shown = seen(Evidence(Note(ID, POOL, sentence="No.", code=ReasonCode.IMAGE_MISSING)))
    assert (shown.state, shown.sentence, shown.code) == (
        InstanceState.ENDED,
        "No.",
        ReasonCode.IMAGE_MISSING,
    )


@pytest.mark.parametrize("group", [[], [listed("created")], [listed(companion="db")]])
def test_what_is_half_made_and_nobody_works_on_was_interrupted(group: list[Listed]) -> None:
    shown = seen(Evidence(Note(ID, POOL), group))
    assert (shown.state, shown.sentence) == (InstanceState.ENDED, showing.INTERRUPTED)


def test_one_that_is_being_removed_is_stopping() -> None:
    assert seen(Evidence(None, [listed("removing")])).state is InstanceState.STOPPING


def test_a_group_runs_while_all_of_it_runs() -> None:
    app, database = listed(companions="db"), listed(companion="db")
    assert seen(Evidence(None, [database, app])).state is InstanceState.RUNNING
    shown = seen(Evidence(None, [app]))
    assert (shown.state, shown.sentence) == (InstanceState.ENDED, 'Its companion "db" was removed.')


def test_whoever_of_a_group_ended_first_is_the_reason() -> None:
    app, database = listed("exited", companions="db"), listed("exited", companion="db")
    runs = {"id": run(143), "iddb": run(0, ended_at=NOON + timedelta(seconds=5))}
    shown = seen(Evidence(None, [app, database], runs))
    assert shown.sentence == 'The companion "db" ended by itself after 5.0 s with exit status 0.'
    assert shown.code is ReasonCode.CRASHED


@pytest.mark.parametrize(
    ("ended", "sentence", "code"),
    [
        (run(0), "The program ended by itself after 90 s with exit status 0.", ReasonCode.QUIT),
        (run(3), "The program ended by itself after 90 s with exit status 3.", ReasonCode.CRASHED),
        (
            run(127),
            "The program ended by itself after 90 s with exit status 127.",
            ReasonCode.COMMAND_MISSING,
        ),
        (run(137), "The program was ended after 90 s by SIGKILL.", ReasonCode.KILLED),
        (run(139), "The program was ended after 90 s by SIGSEGV.", ReasonCode.CRASHED),
        (
            run(137, ran_out_of_memory=True, memory=64 << 20),
            "The program was ended after 90 s because memory ran out. It may use 64 MiB.",
            ReasonCode.OUT_OF_MEMORY,
        ),
        # a kernel of a notebook died of it long before
        (
            run(0, ran_out_of_memory=True),
            "The program ended by itself after 90 s with exit status 0.",
            ReasonCode.QUIT,
        ),
        (
            run(0, started_at=None, error='exec: "lab": executable file not found in $PATH'),
            (
                "The program could not be started. The image holds no such program. Change the template's command or image. "
                'The engine said: exec: "lab": executable file not found in $PATH.'
            ),
            ReasonCode.COMMAND_MISSING,
        ),
        (
            run(137, was_stopped=True),
            (
                "It was stopped on its machine: the container engine was shut down, or somebody there ended it. "
                "Saved files are kept."
            ),
            ReasonCode.ENGINE_RESTARTED,
        ),
        (
            run(0, ended_at=NOON + timedelta(hours=3)),
            "The program ended by itself after 3.0 h with exit status 0.",
            ReasonCode.QUIT,
        ),
    ],
)
def test_how_it_ended_is_told(ended: Run, sentence: str, code: ReasonCode) -> None:
    shown = seen(Evidence(None, [listed("exited")], {"id": ended}))
    assert (shown.state, shown.sentence, shown.code) == (InstanceState.ENDED, sentence, code)


def test_what_ended_while_its_engine_was_away_ended_with_it_also_where_the_engine_makes_no_network() -> None:
    ended = run(137, was_stopped=True, engine_was_away=True)
    shown = seen(Evidence(None, [listed("exited")], {"id": ended}, None))
    assert shown.sentence is not None
    assert "was restarted" in shown.sentence


@pytest.mark.parametrize("was_away", [True, False])
def test_the_page_of_a_failure_says_the_same_as_all_others(was_away: bool) -> None:
    ended = run(137, was_stopped=True, engine_was_away=was_away)
    shown = seen(Evidence(None, [listed("exited")], {"id": ended}))
    assert shown.code is not None
    assert shown.sentence is not None
    page = cause(Mishap(shown.code, shown.sentence, was_in_use=True))
    assert shown.sentence == f"{page.sentence} Saved files are kept."


@pytest.mark.parametrize(
    ("status", "before_engine", "is_its_doing"),
    [
        (137, timedelta(seconds=1), True),
        (0, timedelta(seconds=12), True),
        (255, timedelta(0), True),
        (3, timedelta(seconds=1), False),
        (137, timedelta(minutes=30), False),
        (137, timedelta(seconds=-5), False),
    ],
)
def test_what_ended_as_its_engine_went_or_came_back_ended_with_it(
    status: int, before_engine: timedelta, is_its_doing: bool
) -> None:
    ended = run(status)
    assert ended.ended_at is not None
    shown = seen(Evidence(None, [listed("exited")], {"id": ended}, ended.ended_at + before_engine))
    assert (shown.code is ReasonCode.ENGINE_RESTARTED) == is_its_doing
    unknown = seen(Evidence(None, [listed("exited")], {"id": ended}, None))
    assert unknown.code is not ReasonCode.ENGINE_RESTARTED


def test_the_engines_list_is_read_by_workspace_and_what_bears_none_is_left_out() -> None:
    groups = showing.read_list(
        [
            {"Id": "a", "State": "running", "Labels": {"carrel.workspace": ID}},
            {"Id": "b", "State": "exited", "Labels": {"carrel.workspace": ID, "carrel.companion": "db"}},
            {"Id": "c", "State": "running", "Labels": None},
        ]
    )
    assert {each: [one.id for one in group] for each, group in groups.items()} == {ID: ["a", "b"]}
    app = showing.app_of(groups[ID])
    assert app is not None
    assert app.id == "a"


def test_an_inspection_of_docker_20_10_is_read() -> None:
    inspected = {
        "State": {
            "Status": "exited",
            "OOMKilled": False,
            "ExitCode": 143,
            "Error": "",
            "StartedAt": "2026-11-21T14:04:09.931116005Z",
            "FinishedAt": "2026-11-21T14:04:21.497955202Z",
        },
        "HostConfig": {"Memory": 0},
    }
    found = showing.read_run(inspected)
    assert found.started_at == datetime(2026, 11, 21, 14, 4, 9, 931116, tzinfo=UTC)
    assert (found.status, found.memory) == (143, None)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("0001-01-01T00:00:00Z", None),
        ("", None),
        (None, None),
        ("2026-11-21T12:00:00Z", NOON),
        ("2026-11-21T12:00:00.5Z", NOON + timedelta(milliseconds=500)),
        ("2026-11-21T14:00:00.000000001+02:00", NOON),
    ],
)
def test_moments_are_read_as_engines_write_them(text: str | None, meant: datetime | None) -> None:
    assert showing.moment(text) == meant
