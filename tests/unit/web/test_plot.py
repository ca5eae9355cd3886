"""The lines of a plot: what was measured, where, and in words."""

import re
from datetime import UTC, datetime, timedelta

from carrel.domain.ids import PoolName
from carrel.domain.sample import Sample, Span
from carrel.web.pages.admin.plot import HEIGHT, SLOTS, WIDTH, Plot, begin, joined, plot

NOW = datetime(2026, 11, 21, 12, 0, 30, tzinfo=UTC)
LAB = PoolName("lab")


def at(minutes_ago: int, ready: int = 0, claimed: int = 0, waiting: int = 0, failed: int = 0) -> Sample:
    moment = NOW.replace(second=0) - timedelta(minutes=minutes_ago)
    return Sample(LAB, moment, ready, 0, claimed, waiting, failed)


def drawn(samples: list[Sample], span: Span = Span.HOURS) -> Plot:
    found = plot(samples, span, NOW)
    assert found is not None
    return found


def line(found: Plot, name: str) -> str:
    return next(one.path for one in found.lines if one.name == name)


def test_nothing_measured_is_nothing_to_draw() -> None:
    assert plot([], Span.HOURS, NOW) is None


def test_a_line_has_a_step_only_where_the_number_changes() -> None:
    found = drawn([at(minute, claimed=2 if minute < 60 else 0) for minute in range(179, -1, -1)])
    assert line(found, "claimed") == f"M0 97H400V50H{WIDTH}"
    assert line(found, "ready") == f"M0 97H{WIDTH}"


def test_a_gap_stays_a_gap() -> None:
    samples = [at(minute, claimed=1) for minute in range(179, -1, -1) if not 60 <= minute < 120]
    path = line(drawn(samples), "claimed")
    assert path.count("M") == 2
    assert drawn(samples).area.count("Z") == 2


def test_several_samples_in_one_place_tell_the_fullest_moment() -> None:
    assert joined(at(1, 5, 2, 0, 1), at(0, 1, 7, 3, 2)) == at(1, 1, 7, 3, 3)


def test_the_upper_edge_is_the_most_of_all_and_never_too_near() -> None:
    assert drawn([at(1, claimed=1)]).top == 4
    assert drawn([at(2, claimed=17), at(1, waiting=30)]).top == 30


def test_failed_starts_are_ticks_where_they_happened() -> None:
    found = drawn([at(90, failed=2), at(60), at(30, failed=1)])
    assert found.failed == 3
    assert len(re.findall(rf"M\d+ {HEIGHT}v-12", found.failures)) == 2


def test_the_last_minute_is_drawn_although_it_is_not_over() -> None:
    found = drawn([at(minute, claimed=1, failed=int(minute == 3)) for minute in range(170, 2, -1)])
    assert line(found, "claimed").endswith(f"H{WIDTH}")
    assert found.failures.count("M") == 1


def test_the_first_minutes_of_an_installation_fill_the_width() -> None:
    samples = [at(minute, claimed=2 if minute < 10 else 0) for minute in range(19, -1, -1)]
    found = plot(samples, Span.HOURS, NOW, begun=samples[0].at)
    assert found is not None
    assert (found.begins, found.summary[:20]) == ("19 minutes ago", "The last 19 minutes:")
    assert re.fullmatch(rf"M0 97H2\d\dV50H{WIDTH}", line(found, "claimed"))


def test_a_plot_is_never_shorter_than_some_minutes_nor_longer_than_asked() -> None:
    cases = [
        (2, "10 minutes ago"),
        (179, "3 hours ago"),
        (170, "2 hours 50 minutes ago"),
        (999, "3 hours ago"),
    ]
    for begun, begins in [*((at(minutes).at, begins) for minutes, begins in cases), (None, "3 hours ago")]:
        found = plot([at(1)], Span.HOURS, NOW, begun=begun)
        assert found is not None
        assert found.begins == begins


def test_a_week_of_a_young_installation_has_no_gaps() -> None:
    hours = [at(60 * hour, claimed=1) for hour in range(30, -1, -1)]
    found = plot(hours, Span.WEEK, NOW, begun=begin([[], hours]))
    assert found is not None
    assert line(found, "claimed") == f"M0 74H{WIDTH}"


def test_what_is_older_than_the_span_or_of_the_future_stays_at_its_edge() -> None:
    found = drawn([at(400, claimed=1), at(-5, claimed=2)])
    numbers = [int(number) for number in re.findall(r"-?\d+", line(found, "claimed"))]
    assert min(numbers) >= 0
    assert max(numbers) <= WIDTH


def test_the_words_say_what_the_lines_show() -> None:
    found = drawn([at(90, ready=3), at(60, claimed=12, waiting=4, failed=1), at(1, ready=2, claimed=10)])
    assert found.summary == (
        "The last 3 hours: at most 12 claimed and 4 waiting, never fewer than 0 ready, 1 start failed. "
        "At the end 10 claimed, 2 ready, 0 waiting."
    )


def test_a_week_is_as_light_as_an_hour() -> None:
    week = [at(60 * hour, ready=hour % 5, claimed=hour % 9, waiting=hour % 3) for hour in range(167, -1, -1)]
    found = drawn(week, Span.WEEK)
    assert all(one.path.count("V") <= SLOTS for one in found.lines)
    assert sum(len(one.path) for one in found.lines) + len(found.area) < 2_500
