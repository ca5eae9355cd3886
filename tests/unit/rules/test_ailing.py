"""What a running workspace suffers from: said once, said again when it comes back, and what it says about an end."""

from datetime import timedelta

import pytest

from carrel.domain.event import Event
from carrel.domain.instance import Ailment
from carrel.domain.reason import Reason, ReasonCode
from carrel.rules.ailing import RECENT, explained, is_news, kind_of, now_of, read, recovered
from carrel.testing.worlds import NOON

R = ReasonCode
HUNGRY = Ailment(R.OUT_OF_MEMORY, "Something in it was ended because it used more than 1 GB.")
CROWDED = Ailment(R.TOO_MANY_PROCESSES, "It has all 512 processes that it may have.")
ODD = Ailment(R.NOT_PERMITTED, "It was refused something.")


def line(seq: int, kind: str, sentence: str = "It was so.") -> Event:
    return Event(seq, NOON + timedelta(seconds=seq), kind, sentence)


@pytest.mark.parametrize("ailment", [HUNGRY, CROWDED])
def test_what_is_written_is_read_again(ailment: Ailment) -> None:
    assert read(line(1, kind_of(ailment), ailment.sentence)) == ailment


def test_what_has_no_kind_of_its_own_keeps_its_sentence() -> None:
    assert read(line(1, kind_of(ODD), ODD.sentence)) == Ailment(R.UNKNOWN, ODD.sentence)


def test_the_newest_line_counts_and_others_do_not() -> None:
    ill = line(2, kind_of(HUNGRY), HUNGRY.sentence)
    assert now_of([line(3, "visited"), ill, line(1, "recovered")]) == HUNGRY
    assert now_of([line(3, "recovered"), ill]) is None
    assert now_of([]) is None


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (None, HUNGRY, True),
        (HUNGRY, HUNGRY, False),
        (HUNGRY, Ailment(R.OUT_OF_MEMORY, "Two things were."), False),
        (HUNGRY, CROWDED, True),
        (HUNGRY, None, True),
        (None, None, False),
        (Ailment(R.UNKNOWN, ODD.sentence), ODD, False),
    ],
)
def test_it_is_news_when_it_comes_goes_or_becomes_another(
    before: Ailment | None, now: Ailment | None, expected: bool
) -> None:
    assert is_news(before, now) is expected


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (HUNGRY, "memory has not run out again"),
        (CROWDED, "more can be started in it again"),
        (Ailment(R.DISK_FULL, "Its disk is full."), "has room again"),
        (ODD, "is over"),
    ],
)
def test_that_it_is_over_says_how_it_is_now_and_not_what_was(before: Ailment, words: str) -> None:
    said = recovered(before)
    assert words in said
    assert before.sentence[1:] not in said


@pytest.mark.parametrize(
    ("code", "lately", "expected"),
    [
        (R.KILLED, [HUNGRY], R.OUT_OF_MEMORY),
        (R.CRASHED, [ODD, CROWDED], R.TOO_MANY_PROCESSES),
        (R.UNRESPONSIVE, [CROWDED], R.TOO_MANY_PROCESSES),
        (R.KILLED, [CROWDED], R.KILLED),
        (R.KILLED, [CROWDED, HUNGRY], R.OUT_OF_MEMORY),
        (R.KILLED, [Ailment(R.DISK_FULL, "Its disk is full.")], R.KILLED),
        (R.CRASHED, [Ailment(R.DISK_FULL, "Its disk is full.")], R.DISK_FULL),
        (R.KILLED, [], R.KILLED),
        (R.KILLED, [ODD], R.KILLED),
        (R.QUIT, [HUNGRY], R.QUIT),
        (R.ENGINE_RESTARTED, [HUNGRY], R.ENGINE_RESTARTED),
    ],
)
def test_an_end_that_says_little_is_explained_by_it(
    code: ReasonCode, lately: list[Ailment], expected: ReasonCode
) -> None:
    found = explained(Reason(code, "It ended."), lately, NOON)
    assert found.code is expected
    assert found.sentence.startswith("It ended.")
    assert (HUNGRY.sentence in found.sentence) is (expected is R.OUT_OF_MEMORY)


@pytest.mark.parametrize("code", [R.KILLED, R.CRASHED, R.UNRESPONSIVE])
def test_memory_that_ran_out_long_before_ended_something_else(code: ReasonCode) -> None:
    ended = Reason(code, "It ended.")
    before = read(line(0, kind_of(HUNGRY), HUNGRY.sentence))
    assert before is not None
    assert explained(ended, [before], NOON + RECENT).code is R.OUT_OF_MEMORY
    assert explained(ended, [before], NOON + RECENT + timedelta(seconds=1)) == ended


def test_what_goes_on_since_long_ago_explains_an_end_now() -> None:
    since = read(line(0, kind_of(CROWDED), CROWDED.sentence))
    assert since is not None
    assert (
        explained(Reason(R.CRASHED, "It ended."), [since], NOON + timedelta(hours=1)).code
        is R.TOO_MANY_PROCESSES
    )
