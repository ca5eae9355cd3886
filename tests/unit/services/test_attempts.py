"""Guessing gets slow, and costs us no memory."""

import pytest

from carrel.services.attempts import Attempts, Rate

RATE = Rate(burst=3, every=10.0)


def test_after_a_burst_one_attempt_now_and_then() -> None:
    attempts = Attempts()
    assert [attempts.take("ada", RATE, 0.0) for _ in range(3)] == [0.0, 0.0, 0.0]
    assert attempts.take("ada", RATE, 0.0) == 10.0
    assert attempts.take("ada", RATE, 4.0) == pytest.approx(6.0)
    assert attempts.take("ada", RATE, 10.1) == 0.0
    assert attempts.take("ada", RATE, 10.1) == pytest.approx(9.9)


def test_being_refused_costs_nothing_more() -> None:
    attempts = Attempts()
    for _ in range(100):
        attempts.take("ada", RATE, 0.0)
    assert attempts.take("ada", RATE, 10.1) == 0.0


def test_others_are_not_slowed_down() -> None:
    attempts = Attempts()
    for _ in range(5):
        attempts.take("ada", RATE, 0.0)
    assert attempts.take("bob", RATE, 0.0) == 0.0


def test_attempts_that_succeed_do_not_count() -> None:
    attempts = Attempts()
    for _ in range(50):
        assert attempts.take("ada", RATE, 0.0) == 0.0
        attempts.give_back("ada")


def test_many_names_are_forgotten_instead_of_kept() -> None:
    attempts = Attempts(most_keys=100)
    for number in range(10_000):
        attempts.take(str(number), RATE, 0.0)
    assert len(attempts) == 100
