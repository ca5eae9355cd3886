"""A life as stages with how long each took."""

from datetime import timedelta

from carrel.domain.event import Event
from carrel.rules.stages import stages
from carrel.testing.worlds import NOON

MINUTE = timedelta(minutes=1)


def told(*kinds: str) -> list[Event]:
    return [Event(number, NOON + number * MINUTE, kind, kind) for number, kind in enumerate(kinds)]


def test_each_stage_lasts_until_the_next_one() -> None:
    life = told(
        "pending", "starting", "ready", "assigned", "attached", "entered", "stopping", "printed", "gone"
    )
    found = stages(life)
    assert [(stage.name, stage.took) for stage in found] == [
        ("Waiting for a machine", MINUTE),
        ("Starting", MINUTE),
        ("Ready", MINUTE),
        ("Being handed over", MINUTE),
        ("In its person's hands", 2 * MINUTE),
        ("Stopping", 2 * MINUTE),
        ("Gone", None),
    ]
    assert [stage.began_at for stage in found][:2] == [NOON, NOON + MINUTE]


def test_what_stands_in_both_timelines_is_one_stage() -> None:
    assert [stage.kind for stage in stages([*told("pending", "starting"), *told("pending", "starting")])] == [
        "pending",
        "starting",
    ]


def test_after_a_restart_it_is_in_its_persons_hands_at_once() -> None:
    life = told("pending", "starting", "ready", "assigned", "attached", "starting", "ready", "failed")
    assert [stage.name for stage in stages(life)][-3:] == ["Starting", "In its person's hands", "Failed"]


def test_nothing_happened_yet() -> None:
    assert stages([]) == []
