"""Sentences for people."""

from datetime import timedelta

import pytest

from carrel.domain.reason import Reason, ReasonCode
from carrel.domain.workspace import Phase
from carrel.rules.wording import humanly, recorded
from carrel.testing.worlds import a_workspace


@pytest.mark.parametrize(
    ("duration", "words"),
    [
        (timedelta(0), "0 seconds"),
        (timedelta(seconds=-5), "0 seconds"),
        (timedelta(seconds=1), "1 second"),
        (timedelta(seconds=90), "1 minute 30 seconds"),
        (timedelta(minutes=2), "2 minutes"),
        (timedelta(minutes=90), "1 hour 30 minutes"),
        (timedelta(hours=12), "12 hours"),
        (timedelta(hours=25), "1 day 1 hour"),
        (timedelta(days=1, minutes=5), "1 day"),
        (timedelta(days=3), "3 days"),
    ],
)
def test_a_duration_is_told_in_its_two_largest_parts(duration: timedelta, words: str) -> None:
    assert humanly(duration) == words


@pytest.mark.parametrize(
    ("phase", "code", "sentence", "expected"),
    [
        (Phase.FAILED, "lost", "It vanished.", Reason(ReasonCode.LOST, "It vanished.")),
        (Phase.FAILED, None, None, Reason(ReasonCode.CRASHED, "It ended by itself.")),
        (Phase.STOPPING, None, None, Reason(ReasonCode.RELEASED, "It was given back.")),
        (Phase.STOPPING, "from_the_future", "Moved.", Reason(ReasonCode.RELEASED, "Moved.")),
    ],
)
def test_a_row_tells_why_it_ends(
    phase: Phase, code: str | None, sentence: str | None, expected: Reason
) -> None:
    assert recorded(a_workspace(phase=phase, reason_code=code, reason=sentence)) == expected
