"""Which withdrawals still count."""

from datetime import UTC, datetime, timedelta

from carrel.domain.ids import SessionId, WorkspaceId
from carrel.domain.route import Withdrawal
from carrel.rules.withdrawals import current

NOW = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
LATER, SOON = NOW + timedelta(minutes=15), NOW + timedelta(seconds=1)
S, W = SessionId("s"), WorkspaceId("w")


def test_they_end_by_time_alone() -> None:
    kept = Withdrawal(SOON, session_id=S)

    assert current([kept, Withdrawal(NOW, session_id=SessionId("over"))], NOW) == (kept,)


def test_of_several_for_one_subject_the_longest_counts() -> None:
    assert current([Withdrawal(LATER, session_id=S), Withdrawal(SOON, session_id=S)], NOW) == (
        Withdrawal(LATER, session_id=S),
    )


def test_sessions_doors_and_sessions_at_one_door_are_different_subjects() -> None:
    every = [Withdrawal(LATER, S), Withdrawal(LATER, workspace_id=W), Withdrawal(LATER, S, W)]

    assert set(current(every, NOW)) == set(every)


def test_the_order_depends_on_nothing_but_the_subjects() -> None:
    every = [Withdrawal(LATER, SessionId(name)) for name in "cab"]

    assert current(every, NOW) == current(reversed(every), NOW)
