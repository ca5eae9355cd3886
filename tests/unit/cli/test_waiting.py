"""What `carrel claim` tells while it waits where nobody looks: a line for each sentence that is new, beside the result."""

from datetime import UTC, datetime
from typing import Any

import pytest

from carrel.cli.screen import Screen
from carrel.cli.waiting import telling
from carrel.domain.claim import ClaimState
from carrel.domain.step import StepName, StepState
from carrel.wire.v1 import Claim, Event, Step

STARTING = "A workspace is starting for you."
FETCHED = "The image lab:1 is being fetched: {} %."


def waits(sentence: str = STARTING, note: str = "", **more: Any) -> Claim:
    step = Step(name=StepName.START, state=StepState.NOW, began_at=None, took_seconds=None, note=note)
    given: dict[str, Any] = {"state": ClaimState.WAITING, "position": 1, "estimate_seconds": None}
    given |= {"sentence": sentence, "steps": [step], "workspace": None} | more
    return Claim(id="c" * 16, pool="lab", name="default", **given)


def happened(sentence: str) -> Event:
    return Event(seq=1, at=datetime(2026, 11, 21, 9, tzinfo=UTC), kind="delayed", sentence=sentence)


def test_what_happens_is_told_unless_it_was_said_already(capsys: pytest.CaptureFixture[str]) -> None:
    delayed = "A workspace could not be started; it is tried again. No route."
    with telling(Screen(as_json=False), waits(), "2 min") as teller:
        teller.hear(happened(STARTING))
        for _ in range(2):
            teller.hear(happened(delayed))
        teller.hear(waits("It is ready.", state=ClaimState.HELD, position=None, steps=[]))
        teller.hear(happened("It is ready."))
    assert capsys.readouterr().err.splitlines() == ["Waiting: place 1.", STARTING, delayed, "It is ready."]


@pytest.mark.parametrize("as_json", [False, True], ids=["for people", "for programs"])
def test_each_new_sentence_is_one_line_beside_the_result(
    capsys: pytest.CaptureFixture[str], *, as_json: bool
) -> None:
    with telling(Screen(as_json=as_json), waits("", steps=[]), "2 min") as teller:
        for percent in (5, 5, 40):
            teller.hear(waits(note=FETCHED.format(percent)))
        teller.hear(waits(note=FETCHED.format(40), trouble="The registry is away."))
        teller.hear(waits(note="It runs now; its app is coming up."))
        teller.hear(waits("It is ready.", state=ClaimState.HELD, position=None, steps=[]))
        teller.hear(waits("It has ended.", state=ClaimState.RELEASED, position=None, steps=[]))
    printed = capsys.readouterr()
    assert printed.out == ""
    expected = [
        "Waiting: place 1.",
        STARTING,
        FETCHED.format(5),
        FETCHED.format(40),
        "The registry is away.",
        "It runs now; its app is coming up.",
        "It is ready.",
    ]
    assert printed.err.splitlines() == ([] if as_json else expected)
    assert "\r" not in printed.err
