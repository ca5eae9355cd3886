"""Each signal of use alone, and all of them put together."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from carrel.domain.activity import Evidence, NotSeen, Observation, Seen, StreamReport, Unknown
from carrel.domain.template import Template
from carrel.domain.workspace import Workspace
from carrel.rules.evidence import Flow, Sample, computed, flowed, known_until, lasts, observation, wrote
from carrel.rules.verdict import UNKNOWN_AFTER
from carrel.testing.worlds import NOON, a_template, a_workspace, workspace_id

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
PONG = 6
JUPYTER = replace(
    a_template(), activity="jupyter", activity_writes=("api/contents", "api/kernels"), activity_bytes=500
)


def report(**said: Any) -> StreamReport:
    plain = StreamReport(workspace_id(1), NOON, received=0, sent=0, code=200, path="api/kernels/k/channels")
    return replace(plain, **said)


def written(method: str, path: str, code: int = 200) -> Seen | None:
    return wrote(report(method=method, path=path, code=code), JUPYTER)


@pytest.mark.parametrize("method", ["PUT", "POST", "PATCH", "DELETE"])
def test_a_write_that_the_template_counts_is_use(method: str) -> None:
    assert written(method, "api/contents/a.ipynb") == Seen(NOON, "somebody saved or started something")


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("PUT", "lab/api/workspaces/default", 204),
        ("POST", "api/metrics", 200),
        ("PUT", "x/api/contents", 200),
        ("GET", "api/contents/a.ipynb", 200),
        ("PUT", "api/contents/a.ipynb", 403),
        ("PUT", "api/contents/a.ipynb", 503),
    ],
)
def test_what_an_open_tab_writes_by_itself_is_no_use(method: str, path: str, code: int) -> None:
    assert written(method, path, code) is None


def test_a_template_that_names_no_writes_counts_none() -> None:
    assert wrote(report(method="PUT", path="anything"), a_template()) is None


def test_bodies_of_requests_are_no_typing() -> None:
    assert lasts(report(method="GET"))
    assert lasts(report(method="CONNECT"))
    assert not lasts(report(method="PUT"))


def typing(every: timedelta, sizes: list[int], recipe: Template = JUPYTER) -> list[datetime]:
    """When a stream that received so much between its reports was in use."""
    flow: Flow | None = None
    received, used = 0, []
    for number, size in enumerate(sizes, start=1):
        received += size
        told = report(at=NOON + number * every, began=NOON, received=received)
        flow, seen = flowed(flow, told, recipe)
        used += [seen.at] if seen is not None else []
    return used


def test_bytes_of_a_minute_above_the_threshold_are_use() -> None:
    assert typing(MINUTE, [500, 0, 499, 700]) == [NOON + MINUTE, NOON + 4 * MINUTE]


def test_a_template_without_a_threshold_lets_streams_say_nothing() -> None:
    assert typing(MINUTE, [10**6], a_template()) == []


def test_bytes_are_counted_over_a_minute_however_often_they_are_reported() -> None:
    assert typing(SECOND, [100] * 4) == []
    assert typing(SECOND, [100] * 5) == [NOON + 5 * SECOND]
    assert typing(SECOND, [7] * 240) == [], "420 bytes a minute"


def test_pongs_stay_below_the_threshold_whatever_the_rhythm() -> None:
    assert typing(MINUTE, [4 * PONG] * 60) == []
    assert typing(SECOND, ([PONG] + [0] * 14) * 20) == []


def test_bytes_of_an_hour_that_was_not_reported_are_spread_over_it() -> None:
    assert typing(timedelta(hours=1), [60 * 499]) == []
    assert typing(timedelta(hours=1), [60 * 500]) == [NOON + timedelta(hours=1)]


def test_what_was_typed_before_is_not_typed_again() -> None:
    flow, seen = flowed(None, report(at=NOON + MINUTE, began=NOON, received=900), JUPYTER)
    assert seen is not None
    for minute in range(2, 100):
        flow, seen = flowed(flow, report(at=NOON + minute * MINUTE, began=NOON, received=900), JUPYTER)
        assert seen is None


def test_a_stream_that_begins_anew_under_the_same_name_is_another() -> None:
    flow, _ = flowed(None, report(at=NOON + MINUTE, began=NOON, received=10_000), JUPYTER)
    _, seen = flowed(flow, report(at=NOON + 2 * MINUTE, began=NOON + MINUTE, received=40), JUPYTER)
    assert seen is None


@pytest.mark.parametrize(
    ("used", "made_of_it"),
    [
        (12.1, Seen(NOON, "it is computing")),
        (60.0, Seen(NOON, "it is computing")),
        (11.9, NotSeen()),
        (0.6, NotSeen()),
        (-500.0, NotSeen()),
    ],
)
def test_a_fifth_of_a_core_on_average_is_computing(used: float, made_of_it: Evidence) -> None:
    assert computed(Sample(1000.0, 50.0), Sample(1000.0 + used, 110.0), NOON) == made_of_it


@pytest.mark.parametrize(
    ("before", "after"), [(None, Sample(1, 9)), (Sample(1, 9), None), (Sample(1, 9), Sample(1, 9))]
)
def test_what_was_not_measured_twice_is_not_known(before: Sample | None, after: Sample | None) -> None:
    assert isinstance(computed(before, after, NOON), Unknown)


def test_what_a_stream_did_is_known_a_report_later() -> None:
    asked, read = NOON, NOON + SECOND
    assert known_until(asked, read, a_template(), MINUTE) == asked
    assert known_until(asked, read, JUPYTER, MINUTE) == NOON - timedelta(seconds=61)
    only_writes = replace(a_template(), activity_writes=("rpc/",))
    assert known_until(asked, read, only_writes, MINUTE) == NOON - timedelta(seconds=61)


def test_what_is_known_is_never_unknown_between_two_rounds_that_go_as_they_should() -> None:
    slowest = 5 * MINUTE
    known = known_until(NOON, NOON, JUPYTER, slowest)
    written_next = NOON + slowest + slowest / 2
    assert written_next - known < UNKNOWN_AFTER


# Put together


def used(**changes: Any) -> Workspace:
    plain = {"attached_at": NOON - timedelta(hours=5), "observed_at": NOON - MINUTE}
    return a_workspace(**{**plain, **changes})


def put_together(row: Workspace, *evidence: Evidence, recipe: Template = JUPYTER) -> Observation:
    return observation(row, recipe, evidence, NOON, MINUTE)


def test_the_newest_sign_counts() -> None:
    old, new = Seen(NOON - MINUTE, "a kernel computed"), Seen(NOON, "somebody typed")
    assert put_together(used(), old, new, NotSeen()) == Observation(
        workspace_id(1), NOON, NOON, "somebody typed"
    )


def test_a_sign_that_is_known_already_is_no_news() -> None:
    row = used(last_active_at=NOON - MINUTE)
    assert put_together(row, Seen(NOON - MINUTE, "a kernel computed")) == Observation(workspace_id(1), NOON)


def test_no_sign_is_something_that_is_known() -> None:
    assert put_together(used(), NotSeen(), NotSeen()) == Observation(workspace_id(1), NOON)


def test_one_that_cannot_be_asked_leaves_open_what_happened() -> None:
    assert put_together(used(), NotSeen(), Unknown("away")) == Observation(workspace_id(1), None)


def test_use_is_use_whoever_else_is_silent() -> None:
    seen = put_together(used(), Unknown("away"), Seen(NOON, "somebody typed"))
    assert seen == Observation(workspace_id(1), None, NOON, "somebody typed")


@pytest.mark.parametrize(
    ("looked", "is_gap"),
    [(MINUTE, False), (3 * MINUTE, False), (4 * MINUTE, True), (timedelta(hours=3), True)],
)
def test_a_time_in_which_nobody_looked_is_told(looked: timedelta, is_gap: bool) -> None:
    assert put_together(used(observed_at=NOON - looked), NotSeen()).is_after_gap is is_gap


def test_as_long_as_nothing_is_known_the_gap_goes_on() -> None:
    row = used(observed_at=NOON - timedelta(hours=3))
    assert not put_together(row, Unknown("away")).is_after_gap


def test_a_command_cannot_say_what_was_before_so_its_time_begins_again() -> None:
    checked = replace(a_template(), activity="command", activity_command=("check",))
    row = used(observed_at=NOON - timedelta(hours=3))
    seen = put_together(row, NotSeen(), recipe=checked)
    assert (seen.active_at, seen.because) == (NOON, "it could not be asked before")
    assert put_together(used(), NotSeen(), recipe=checked).active_at is None
