"""The estimate shown to people who wait."""

from datetime import timedelta

from carrel.rules.estimate import estimate


def seconds(*values: float) -> list[timedelta]:
    return [timedelta(seconds=value) for value in values]


def test_the_next_in_line_gets_what_is_nearest_to_ready() -> None:
    assert estimate(1, ages=seconds(1, 4), room=0, start_times=seconds(5, 6, 7)) == timedelta(seconds=2)
    assert estimate(2, ages=seconds(1, 4), room=0, start_times=seconds(5, 6, 7)) == timedelta(seconds=5)


def test_a_start_that_takes_longer_than_usual_is_about_to_end() -> None:
    assert estimate(1, ages=seconds(60), room=0, start_times=seconds(5)) == timedelta(seconds=1)


def test_room_under_the_limit_means_one_whole_start() -> None:
    assert estimate(3, ages=seconds(1), room=2, start_times=seconds(6)) == timedelta(seconds=6)


def test_only_a_release_helps_so_nothing_is_promised() -> None:
    assert estimate(3, ages=seconds(1), room=1, start_times=seconds(6)) is None


def test_a_pool_without_history_promises_nothing() -> None:
    assert estimate(1, ages=(), room=5, start_times=()) is None
