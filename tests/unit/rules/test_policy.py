"""What may be made of a policy, how a change is told, and what is in force."""

from dataclasses import fields, replace
from datetime import time, timedelta
from typing import Any

import pytest

from carrel.domain.errors import Conflict, Invalid
from carrel.domain.pool import Pool
from carrel.domain.quiet import QuietHours
from carrel.rules.policy import (
    PolicyChange,
    changed,
    differences,
    in_force,
    read,
    require_unchanged,
    worded,
)
from carrel.settings.recipes import PoolSettings
from carrel.testing.worlds import a_pool

POOL = a_pool(warm=2, limit=20)


def test_only_what_is_named_changes() -> None:
    assert changed(POOL, {"warm": 5}) == replace(POOL, warm=5)
    assert changed(POOL, {"max_age": None}) == replace(POOL, max_age=None)
    assert changed(POOL, {}) == POOL


def test_every_field_of_a_policy_can_be_changed() -> None:
    fixed = {"name", "template", "backend"}
    assert set(PolicyChange.__annotations__) == {field.name for field in fields(Pool)} - fixed
    assert set(PolicyChange.__annotations__) - {"draining"} == set(PoolSettings.model_fields) - fixed


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"warm": "21"}, "warm (21) cannot be more than limit (20). Raise the limit too."),
        ({"limit": "1"}, "warm (2) cannot be more than limit (1). Raise the limit too."),
        ({"warm": "-1"}, "warm must be a whole number, 0 or more and of at most 9 digits, not '-1'."),
        ({"warm": "many"}, "warm must be a whole number, 0 or more and of at most 9 digits, not 'many'."),
        ({"warm": "²"}, "warm must be a whole number, 0 or more and of at most 9 digits, not '²'."),
        ({"warm": ""}, "warm must be a whole number, 0 or more and of at most 9 digits, not ''."),
        ({"limit": "999999999"}, "limit must be a whole number from 0 to 100000."),
        ({"per_user": "0"}, "per_user must be a whole number from 1 to 1000."),
        ({"starting_at_once": "0"}, "starting_at_once must be a whole number from 1 to 1000."),
        ({"watch_within": "5s"}, "watch_within must be at least 15s, and at most ten years."),
        ({"max_age": "0s"}, "max_age must be at least 1s, and at most ten years."),
        (
            {"start_timeout": "never"},
            'start_timeout: expected a duration such as "60s", "90m", "12h" or "3d".',
        ),
        (
            {"max_age": "soon"},
            'max_age: expected a duration such as "60s", "90m", "12h" or "3d", or "never".',
        ),
        ({"max_age": "9999d"}, 'max_age: expected at most ten years (3650d), or "never".'),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(given: dict[str, str], said: str) -> None:
    with pytest.raises(Invalid) as refused:
        changed(POOL, read(given))
    assert refused.value.sentence == said


def test_a_value_that_was_there_before_is_not_judged_again() -> None:
    odd = replace(POOL, watch_within=timedelta(seconds=1))
    assert changed(odd, {"warm": 3}).warm == 3


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("warm", 7),
        ("max_age", timedelta(hours=3)),
        ("max_age", None),
        ("start_timeout", timedelta(seconds=90)),
    ],
)
def test_what_is_worded_is_read_again(name: str, value: Any) -> None:
    assert read({name: f" {worded(value)} "}) == {name: value}


def test_a_change_is_told_field_by_field() -> None:
    becomes = changed(POOL, {"warm": 5, "paused": True, "max_age": None, "limit": 20})
    assert differences(POOL, becomes) == ["warm 2 → 5", "paused no → yes", "max_age 12h → never"]
    assert differences(POOL, POOL) == []


def test_draining_begins_with_a_pause_and_ends_with_it() -> None:
    drained = changed(POOL, {"draining": True})
    assert (drained.draining, drained.paused) == (True, True)
    assert changed(drained, {"paused": False}) == POOL
    assert changed(drained, {"draining": False}) == replace(POOL, paused=True)
    assert changed(drained, {"warm": 3}).draining


def test_a_drained_pool_and_one_no_longer_offered_want_nothing_warm() -> None:
    assert in_force(POOL) == POOL
    assert in_force(POOL, is_offered=False) == replace(POOL, warm=0, paused=True)
    drained = changed(POOL, {"draining": True})
    assert (in_force(drained).warm, in_force(drained).paused) == (0, True)


def test_a_field_that_somebody_else_set_meanwhile_is_not_overwritten() -> None:
    by_another = replace(POOL, warm=7, max_age=None)
    seen = {"warm": 2, "limit": 20, "max_age": timedelta(hours=12)}
    with pytest.raises(Conflict, match="warm is 7 now and was 2"):
        require_unchanged(by_another, seen, {"warm": 3})
    with pytest.raises(Conflict, match="max_age is never now and was 12h"):
        require_unchanged(by_another, seen, {"max_age": timedelta(hours=1)})


def test_other_fields_may_change_meanwhile() -> None:
    by_another = replace(POOL, warm=7)
    require_unchanged(by_another, {"warm": 2, "limit": 20}, {"limit": 30})
    require_unchanged(by_another, {}, {"warm": 3})
    require_unchanged(by_another, {"warm": 2}, {"warm": 7})


def test_quiet_hours_are_read_told_and_taken_away() -> None:
    quiet = QuietHours(time(22), time(6), "Europe/Berlin")
    assert read({"quiet_hours": "22:00-06:00"}, "Europe/Berlin") == {"quiet_hours": quiet}
    assert read({"quiet_hours": str(quiet)}) == {"quiet_hours": quiet}
    assert read({"quiet_hours": ""}) == read({"quiet_hours": "none"}) == {"quiet_hours": None}
    told = ["quiet_hours none → 22:00-06:00 Europe/Berlin"]
    assert differences(POOL, changed(POOL, {"quiet_hours": quiet})) == told
    for wrong, why in (("22-6", "expected quiet hours"), ("22:00-06:00 Europe/Nowhere", "is no time zone")):
        with pytest.raises(Invalid, match=why):
            read({"quiet_hours": wrong})
