"""The verdict on idleness as a table: what is in a workspace's row, and what is said of it at noon."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from carrel.domain.workspace import Desired, Phase, Workspace
from carrel.rules.verdict import UNKNOWN_AFTER, Keep, Stop, Verdict, Warn, idle_since, verdict, warning
from carrel.rules.wording import foretold, moment
from carrel.testing.worlds import NOON, a_claim, a_pool, a_workspace, held

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
JUST_NOW = NOON
NINETY = 90 * MINUTE
NEVER = None


def ago(**parts: float) -> datetime:
    return NOON - timedelta(**parts)


def ahead(**parts: float) -> datetime:
    return NOON + timedelta(**parts)


def in_use(**changes: Any) -> Workspace:
    """Held since the morning, entered at once, and asked a moment ago."""
    began = ago(hours=4)
    workspace, _ = held(a_workspace(at=began), a_claim(at=began), at=began)
    known: dict[str, Any] = {"attached_at": began, "entered_at": began, "observed_at": JUST_NOW}
    return _changed(workspace, {**known, **changes})


def _changed(workspace: Workspace, changes: dict[str, Any]) -> Workspace:
    return replace(workspace, **changes)


def since(text: str) -> str:
    return f"nothing ran and nobody typed since {text}"


UNASKED = "whether it is used is not known since {} UTC"
CASES: list[tuple[str, dict[str, Any], timedelta | None, Verdict]] = [
    # Who is not asked about
    (
        "the pool has no limit",
        {"last_active_at": ago(hours=3)},
        NEVER,
        Keep(None, "its pool stops nothing for idleness"),
    ),
    ("nobody holds it", {"claim_id": None}, NINETY, Keep(None, "nobody holds it")),
    ("it is to end already", {"desired": Desired.GONE}, NINETY, Keep(None, "nobody holds it")),
    ("never entered", {"entered_at": None}, NINETY, Keep(None, "nobody went in yet")),
    ("not handed over yet", {"attached_at": None}, NINETY, Keep(None, "it is being handed over")),
    ("being restarted", {"phase": Phase.STARTING}, NINETY, Keep(None, "it is not ready")),
    ("crashed a moment ago", {"phase": Phase.FAILED}, NINETY, Keep(None, "it is not ready")),
    # What counts as use
    (
        "entered and left, long ago",
        {"entered_at": ago(minutes=100), "warned_at": ago(minutes=11)},
        NINETY,
        Stop(since("10:20 UTC")),
    ),
    (
        "entered a while ago, nothing since",
        {"entered_at": ago(minutes=30)},
        NINETY,
        Keep(ahead(hours=1), "in use until 11:30 UTC: somebody went in"),
    ),
    (
        "a busy kernel",
        {"last_active_at": JUST_NOW, "active_because": "a kernel is computing"},
        NINETY,
        Keep(ahead(minutes=90), "in use until 12:00 UTC: a kernel is computing"),
    ),
    (
        "a kernel that ended its work",
        {"last_active_at": ago(minutes=20), "active_because": "a kernel computed"},
        NINETY,
        Keep(ahead(minutes=70), "in use until 11:40 UTC: a kernel computed"),
    ),
    (
        "somebody typed",
        {"last_active_at": ago(minutes=1), "active_because": "somebody typed"},
        NINETY,
        Keep(ahead(minutes=89), "in use until 11:59 UTC: somebody typed"),
    ),
    (
        "something was saved",
        {"last_active_at": ago(minutes=5), "active_because": "something was saved"},
        NINETY,
        Keep(ahead(minutes=85), "in use until 11:55 UTC: something was saved"),
    ),
    (
        "its processes compute",
        {"last_active_at": ago(seconds=10), "active_because": "it is computing"},
        NINETY,
        Keep(ahead(seconds=5390), "in use until 11:59 UTC: it is computing"),
    ),
    (
        "evidence of an older Carrel, which wrote no words",
        {"last_active_at": ago(minutes=5)},
        NINETY,
        Keep(ahead(minutes=85), "in use until 11:55 UTC: it was used"),
    ),
    (
        "restarted ten minutes ago after a long silence",
        {"last_active_at": ago(hours=3), "phase_at": ago(minutes=10)},
        NINETY,
        Keep(ahead(minutes=80), "in use until 11:50 UTC: it started"),
    ),
    (
        "drained an hour ago: that is no sign of its person",
        {
            "phase": Phase.DRAINING,
            "phase_at": ago(hours=1),
            "last_active_at": ago(minutes=95),
            "warned_at": ago(minutes=12),
        },
        NINETY,
        Stop(since("10:25 UTC")),
    ),
    # The warning
    (
        "a minute before the warning",
        {"last_active_at": ago(minutes=79)},
        NINETY,
        Keep(ahead(minutes=11), "in use until 10:41 UTC: it was used"),
    ),
    (
        "time for the warning",
        {"last_active_at": ago(minutes=80)},
        NINETY,
        Warn(ahead(minutes=10), since("10:40 UTC")),
    ),
    (
        "warned, with five minutes left",
        {"last_active_at": ago(minutes=85), "warned_at": ago(minutes=5)},
        NINETY,
        Warn(ahead(minutes=5), since("10:35 UTC")),
    ),
    (
        "warned, and the time is up",
        {"last_active_at": ago(minutes=90), "warned_at": ago(minutes=10)},
        NINETY,
        Stop(since("10:30 UTC")),
    ),
    (
        "warned late: the warning has its whole time all the same",
        {"last_active_at": ago(minutes=95), "warned_at": ago(minutes=4)},
        NINETY,
        Warn(ahead(minutes=6), since("10:25 UTC")),
    ),
    (
        "overdue and never warned",
        {"last_active_at": ago(hours=3)},
        NINETY,
        Warn(ahead(minutes=10), since("09:00 UTC")),
    ),
    (
        "warned, then used: the warning is void",
        {"last_active_at": ago(minutes=3), "warned_at": ago(minutes=8), "active_because": "somebody typed"},
        NINETY,
        Keep(ahead(minutes=87), "in use until 11:57 UTC: somebody typed"),
    ),
    (
        "warned, then used, then idle again: a new warning",
        {"last_active_at": ago(minutes=90), "warned_at": ago(minutes=98)},
        NINETY,
        Warn(ahead(minutes=10), since("10:30 UTC")),
    ),
    (
        "warned, then restarted",
        {"last_active_at": ago(hours=3), "warned_at": ago(minutes=98), "phase_at": ago(minutes=85)},
        NINETY,
        Warn(ahead(minutes=10), since("10:35 UTC")),
    ),
    # Short limits: the warning is a third
    (
        "a limit of a minute, thirty seconds in",
        {"last_active_at": ago(seconds=30)},
        MINUTE,
        Keep(ahead(seconds=30), "in use until 11:59 UTC: it was used"),
    ),
    (
        "a limit of a minute, forty seconds in",
        {"last_active_at": ago(seconds=40)},
        MINUTE,
        Warn(ahead(seconds=20), since("11:59 UTC")),
    ),
    (
        "a limit of a minute, warned and over",
        {"last_active_at": ago(seconds=60), "warned_at": ago(seconds=20)},
        MINUTE,
        Stop(since("11:59 UTC")),
    ),
    # More time
    (
        "its person asked for two hours more",
        {"last_active_at": ago(hours=3), "kept_until": ahead(hours=2)},
        NINETY,
        Keep(ahead(hours=2), "it was asked to go on until 14:00 UTC"),
    ),
    (
        "the time it was asked for ends soon",
        {"last_active_at": ago(hours=3), "kept_until": ahead(minutes=7)},
        NINETY,
        Warn(ahead(minutes=10), since("09:00 UTC")),
    ),
    (
        "the time it was asked for is over, and it was warned",
        {"last_active_at": ago(hours=3), "kept_until": JUST_NOW, "warned_at": ago(minutes=10)},
        NINETY,
        Stop(since("09:00 UTC")),
    ),
    (
        "what was asked for ends before idleness would",
        {"last_active_at": ago(minutes=5), "kept_until": ahead(minutes=20)},
        NINETY,
        Keep(ahead(minutes=85), "in use until 11:55 UTC: it was used"),
    ),
    # What is not known
    (
        "the app could not be asked for two hours",
        {"last_active_at": ago(hours=3), "observed_at": ago(hours=2)},
        NINETY,
        Keep(None, UNASKED.format("10:00")),
    ),
    (
        "it could not be asked after the warning",
        {"last_active_at": ago(minutes=110), "warned_at": ago(minutes=30), "observed_at": ago(minutes=29)},
        NINETY,
        Keep(None, UNASKED.format("11:31")),
    ),
    (
        "never asked at all",
        {"observed_at": None},
        NINETY,
        Keep(None, UNASKED.format("08:00")),
    ),
    (
        "seen in use after the last whole answer",
        {"last_active_at": ago(minutes=95), "observed_at": ago(minutes=100)},
        NINETY,
        Keep(None, UNASKED.format("10:25")),
    ),
    (
        "the last answers are a moment behind: told again, not stopped",
        {"last_active_at": ago(minutes=90), "warned_at": ago(minutes=10), "observed_at": ago(minutes=1)},
        NINETY,
        Warn(JUST_NOW, since("10:30 UTC")),
    ),
    (
        "the answers cover the whole time, though not this very moment",
        {"last_active_at": ago(minutes=92), "warned_at": ago(minutes=12), "observed_at": ago(minutes=2)},
        NINETY,
        Stop(since("10:28 UTC")),
    ),
    (
        "the machine slept and was asked again: the old warning was taken back",
        {"last_active_at": ago(minutes=200), "warned_at": None, "observed_at": JUST_NOW},
        NINETY,
        Warn(ahead(minutes=10), since("08:40 UTC")),
    ),
    (
        "the machine slept after the warning, and nobody asked since",
        {"last_active_at": ago(minutes=265), "warned_at": ago(minutes=181), "observed_at": ago(minutes=180)},
        NINETY,
        Keep(None, UNASKED.format("09:00")),
    ),
    # Clocks
    (
        "the clock was set back",
        {"last_active_at": ahead(days=2), "observed_at": ahead(days=2)},
        NINETY,
        Keep(ahead(days=2, minutes=90), "in use until 12:00 UTC on 4 March: it was used"),
    ),
    (
        "the clock was set ahead, and it was not asked yet",
        {"last_active_at": ago(days=3), "observed_at": ago(days=3)},
        NINETY,
        Keep(None, "whether it is used is not known since 08:00 UTC"),
    ),
]


@pytest.mark.parametrize(
    ("row", "limit", "said"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_the_verdict(row: dict[str, Any], limit: timedelta | None, said: Verdict) -> None:
    assert verdict(in_use(**row), a_pool(stop_after_idle=limit), NOON) == said


@pytest.mark.parametrize(
    ("limit", "told_before"),
    [(NINETY, 10 * MINUTE), (30 * MINUTE, 10 * MINUTE), (15 * MINUTE, 5 * MINUTE), (MINUTE, MINUTE / 3)],
)
def test_the_warning_lies_inside_the_limit(limit: timedelta, told_before: timedelta) -> None:
    assert warning(limit) == told_before


def test_a_workspace_left_alone_is_warned_once_and_stopped_at_the_time_it_was_told() -> None:
    pool = a_pool(stop_after_idle=NINETY)
    row = in_use(entered_at=NOON)
    said: list[tuple[timedelta, Verdict]] = []
    for second in range(0, 6000, 30):
        passed = timedelta(seconds=second)
        row = _changed(row, {"observed_at": NOON + passed})
        found = verdict(row, pool, NOON + passed)
        if isinstance(found, Warn) and row.warned_at is None:
            row = _changed(row, {"warned_at": NOON + passed})
        if not said or type(said[-1][1]) is not type(found):
            said.append((passed, found))
    assert [(passed, type(found)) for passed, found in said] == [
        (timedelta(0), Keep),
        (80 * MINUTE, Warn),
        (NINETY, Stop),
    ]
    assert said[1][1] == Warn(NOON + NINETY, since("12:00 UTC"))


def test_what_was_seen_less_than_that_ago_still_says_something() -> None:
    pool = a_pool(stop_after_idle=NINETY)
    row = in_use(last_active_at=ago(hours=3), observed_at=NOON - UNKNOWN_AFTER)
    assert isinstance(verdict(row, pool, NOON), Warn)
    assert isinstance(verdict(row, pool, NOON + timedelta(seconds=1)), Keep)


def test_moments_are_said_in_the_time_zone_of_the_installation() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    row = in_use(last_active_at=ago(hours=12, minutes=50), entered_at=ago(days=2), phase_at=ago(days=2))
    row = _changed(row, {name: ago(days=2) for name in ("assigned_at", "attached_at", "created_at")})
    assert verdict(row, a_pool(), NOON, berlin) == Warn(ahead(minutes=10), since("00:10 CET"))
    assert verdict(row, a_pool(), NOON) == Warn(ahead(minutes=10), since("23:10 UTC on 1 March"))


def test_a_zone_without_a_name_of_its_own_is_said_by_its_distance() -> None:
    assert moment(NOON, NOON, ZoneInfo("America/Sao_Paulo")) == "09:00 UTC-03"


def test_the_warning_says_what_happens_when_and_what_helps() -> None:
    told = foretold(since("10:40 UTC"), ahead(minutes=10), NOON, UTC)
    assert told == (
        "Nothing ran and nobody typed since 10:40 UTC. It stops at 12:10 UTC unless somebody uses it before."
    )


def test_the_last_sign_of_any_kind_counts() -> None:
    assert idle_since(in_use()) == ago(hours=4)
    assert idle_since(in_use(last_active_at=ago(hours=1))) == ago(hours=1)
    assert idle_since(in_use(last_active_at=ago(hours=1), entered_at=ago(minutes=3))) == ago(minutes=3)


def test_nobody_is_warned_before_it_is_known_that_nothing_happened_until_then() -> None:
    """Or whoever computes would be frightened between any two looks, where the limit is short."""
    row = in_use(entered_at=ago(hours=3), last_active_at=ago(minutes=85), observed_at=ago(minutes=6))
    assert verdict(row, a_pool(), NOON) == Keep(ahead(minutes=10), "what happened last is not known yet")
    seen = _changed(row, {"observed_at": ago(minutes=5)})
    assert verdict(seen, a_pool(), NOON) == Warn(ahead(minutes=10), since("10:35 UTC"))
