"""A trouble that stays does not fill the log."""

from carrel.reconcile.complaints import EVERY, Complaints


def test_a_trouble_that_stays_is_told_once_a_minute() -> None:
    complaints = Complaints()
    told = [at for at in range(int(EVERY) * 2 + 1) if complaints.is_news("It is away.", float(at))]
    assert told == [0, 60, 120]


def test_another_trouble_is_told_at_once() -> None:
    complaints = Complaints()
    assert complaints.is_news("It is away.", 0.0)
    assert complaints.is_news("It is full.", 1.0)
    assert not complaints.is_news("It is full.", 2.0)


def test_a_trouble_that_comes_back_is_told_again() -> None:
    complaints = Complaints()
    assert complaints.is_news("It is away.", 0.0)
    complaints.is_over()
    assert complaints.is_news("It is away.", 1.0)
