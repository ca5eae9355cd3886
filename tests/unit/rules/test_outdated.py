"""What another version of a template means for what runs: unclaimed ones are replaced, people keep theirs and are told."""

from dataclasses import replace
from typing import Any

import pytest

from carrel.domain.workspace import Desired, Phase, Workspace
from carrel.rules.foresee import foresee
from carrel.rules.outdated import current, has_update, is_outdated
from carrel.rules.policy import in_force
from carrel.rules.replacing import Replacing, replacing
from carrel.testing.worlds import NOON, World, a_claim, a_pool, a_template, a_workspace, an_instance, held

NOW = current(a_template())


def test_what_runs_another_version_or_template_is_outdated() -> None:
    row = a_workspace(1)
    assert not is_outdated(row, NOW)
    assert is_outdated(replace(row, template_version="v0"), NOW)
    assert is_outdated(row, current(replace(a_template(), name="another")))
    assert not is_outdated(replace(row, template_version="v0"), current(None)), "nothing newer is offered"


def test_only_who_holds_one_that_goes_on_is_told() -> None:
    old, claim = held(a_workspace(1, template_version="v0"), a_claim(1))
    assert has_update(old, NOW)
    assert not has_update(held(a_workspace(1), claim)[0], NOW)
    assert not has_update(replace(old, desired=Desired.GONE), NOW)
    assert not has_update(a_workspace(2, template_version="v0"), NOW)


def replaced(*rows: Workspace, **policy: Any) -> Replacing:
    world = World(a_pool(**policy))
    for number, row in enumerate(rows, 1):
        world.rows[row.id], world.instances[row.id] = row, an_instance(number)
        if row.claim_id is not None:
            world.claims[row.claim_id] = held(row, a_claim(number))[1]
    view, pool = world.look(), in_force(world.pool)
    return replacing(view, pool, foresee(view, pool, world.now))


def old(number: int, phase: Phase = Phase.READY) -> Workspace:
    return a_workspace(number, phase, template_version="v0")


def old_and_held(number: int) -> Workspace:
    row = held(old(number), a_claim(number))[0]
    return replace(row, attached_at=NOON, entered_at=NOON)


@pytest.mark.parametrize(
    ("rows", "policy", "sentence"),
    [
        (
            (old(1), old(2), old(3), old(4), old_and_held(5), old_and_held(6)),
            {"warm": 4, "limit": 10},
            "4 warm ones are replaced one after another; 2 people keep theirs and are told that an update is there.",
        ),
        ((old(1),), {"warm": 1, "limit": 1}, "1 warm one is replaced."),
        ((old(1), old(2, Phase.STARTING)), {"warm": 2}, "2 unclaimed ones are replaced one after another."),
        ((old_and_held(1),), {"warm": 0}, "1 person keeps theirs and is told that an update is there."),
        ((old(1), old(2)), {"warm": 2, "paused": True}, "2 warm ones stay until the pool is resumed."),
        ((a_workspace(1),), {"warm": 1}, "Nothing runs from another version."),
        ((), {"warm": 1}, "Nothing runs from another version."),
    ],
)
def test_what_another_version_does_is_said_in_a_sentence(
    rows: tuple[Workspace, ...], policy: dict[str, Any], sentence: str
) -> None:
    assert replaced(*rows, **policy).sentence == sentence
