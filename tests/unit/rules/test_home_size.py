"""When a home is larger than is meant."""

from itertools import pairwise

from carrel.rules.home_size import has_outgrown, warning

GiB = 1024**3


def test_people_are_told_how_large_it_is_and_what_is_meant() -> None:
    told = warning(12 * GiB, 10 * GiB)
    assert told is not None
    assert told.startswith("It takes up 12 GiB, more than the 10GiB that are meant for one home.")


def test_nothing_is_said_of_what_fits_is_not_measured_or_has_no_limit() -> None:
    assert warning(10 * GiB, 10 * GiB) is None
    assert warning(None, 1) is None
    assert warning(99 * GiB, None) is None


def test_it_is_told_once_and_again_only_after_it_had_shrunk() -> None:
    most = 10
    sizes = [None, 5, 11, 12, 10, 11, 30]
    told = [has_outgrown(before, now, most) for before, now in pairwise(sizes) if now]
    assert told == [False, True, False, False, True, False]
