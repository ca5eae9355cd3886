"""When the next quiet hours are: over midnight, in other zones, and in the nights in which the clock is set."""

from datetime import UTC, datetime, time

import pytest

from carrel.domain.quiet import QuietHours, parse_quiet_hours
from carrel.rules.quiet import is_zone, next_quiet


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "at", "quiet_at"),
    [
        ("22:00-06:00", "2026-03-02 12:00", "2026-03-02 22:00"),
        ("22:00-06:00", "2026-03-02 22:00", "2026-03-02 22:00"),
        ("22:00-06:00", "2026-03-03 00:30", "2026-03-03 00:30"),
        ("22:00-06:00", "2026-03-03 05:59", "2026-03-03 05:59"),
        ("22:00-06:00", "2026-03-03 06:00", "2026-03-03 22:00"),
        ("12:00-13:00", "2026-03-02 11:00", "2026-03-02 12:00"),
        ("12:00-13:00", "2026-03-02 13:00", "2026-03-03 12:00"),
        ("00:00-06:00", "2026-12-31 23:59", "2027-01-01 00:00"),
        # Elsewhere it is night at other times.
        ("22:00-06:00 Europe/Berlin", "2026-01-10 12:00", "2026-01-10 21:00"),
        ("22:00-06:00 Europe/Berlin", "2026-07-10 12:00", "2026-07-10 20:00"),
        ("22:00-06:00 Pacific/Kiritimati", "2026-01-10 12:00", "2026-01-10 12:00"),
        ("22:00-06:00 Pacific/Pago_Pago", "2026-01-10 18:00", "2026-01-11 09:00"),
        # 29 March 2026: in Berlin 02:00 CET (01:00 UTC) is 03:00 CEST.
        ("22:00-06:00 Europe/Berlin", "2026-03-29 03:59", "2026-03-29 03:59"),
        ("22:00-06:00 Europe/Berlin", "2026-03-29 04:00", "2026-03-29 20:00"),
        ("02:00-03:00 Europe/Berlin", "2026-03-28 23:00", "2026-03-30 00:00"),  # an hour that is not there
        ("02:30-04:00 Europe/Berlin", "2026-03-28 23:00", "2026-03-29 01:30"),
        # 25 October 2026: 03:00 CEST (01:00 UTC) is 02:00 CET, and the hour from 02:00 comes twice.
        ("22:00-06:00 Europe/Berlin", "2026-10-25 04:59", "2026-10-25 04:59"),
        ("22:00-06:00 Europe/Berlin", "2026-10-25 05:00", "2026-10-25 21:00"),
        ("02:00-03:00 Europe/Berlin", "2026-10-24 23:00", "2026-10-25 00:00"),
        ("02:00-03:00 Europe/Berlin", "2026-10-25 01:59", "2026-10-25 01:59"),
        ("01:00-02:30 Europe/Berlin", "2026-10-25 01:29", "2026-10-25 01:29"),
        ("01:00-02:30 Europe/Berlin", "2026-10-25 01:30", "2026-10-26 00:00"),
        ("03:00-02:00 Europe/Berlin", "2026-10-25 00:30", "2026-10-25 00:30"),
        ("03:00-02:00 Europe/Berlin", "2026-10-25 01:00", "2026-10-25 02:00"),
        # Samoa had no 30 December 2011 at all.
        ("12:00-13:00 Pacific/Apia", "2011-12-30 09:59", "2011-12-30 22:00"),
    ],
)
def test_the_next_quiet_moment(hours: str, at: str, quiet_at: str) -> None:
    assert next_quiet(utc(at), parse_quiet_hours(hours)) == utc(quiet_at)


def test_without_quiet_hours_every_moment_will_do() -> None:
    assert next_quiet(utc("2026-03-02 12:00"), None) == utc("2026-03-02 12:00")


def test_a_zone_that_this_machine_lost_is_taken_for_utc() -> None:
    assert not is_zone("Europe/Nowhere")
    hours = QuietHours(time(22), time(6), "Europe/Nowhere")
    assert next_quiet(utc("2026-03-02 12:00"), hours) == utc("2026-03-02 22:00")
