"""Durations and sizes, there and back."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carrel.domain.units import format_duration, format_size, parse_duration, parse_size, rough_size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0s", 0), ("60s", 60), ("90m", 5400), ("12h", 43_200), ("3d", 259_200), ("3650d", 315_360_000)],
)
def test_a_duration_is_a_number_and_a_unit(text: str, seconds: int) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text", ["", "60", "s", "1.5h", "-1h", "1 h", "1H", "1h30m", "1w", "९s", "3651d", "9999999999d"]
)
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (59.2, "1m"), (61, "61s"), (5400, "90m"), (43_200, "12h"), (86_400, "1d")],
)
def test_a_duration_is_written_in_the_largest_unit_that_fits(seconds: float, text: str) -> None:
    assert format_duration(timedelta(seconds=seconds)) == text


@given(st.integers(min_value=0, max_value=315_360_000))
def test_a_duration_comes_back_as_it_was(seconds: int) -> None:
    duration = timedelta(seconds=seconds)
    assert parse_duration(format_duration(duration)) == duration


@pytest.mark.parametrize(
    ("text", "size"), [("0B", 0), ("1KiB", 1024), ("512MiB", 512 * 1024**2), ("1TiB", 1024**4)]
)
def test_a_size_is_a_number_and_a_unit(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "1", "1GB", "1G", "1.5GiB", "-1GiB", "1 GiB", "1gib"])
def test_anything_else_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        parse_size(text)


@given(st.integers(min_value=0, max_value=10**15))
def test_a_size_comes_back_as_it_was(size: int) -> None:
    assert parse_size(format_size(size)) == size


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (12_345_678, "12 MiB"),
        (3 << 30, "3.0 GiB"),
        (5000 << 40, "5000 TiB"),
    ],
)
def test_a_size_is_said_roughly(size: int, words: str) -> None:
    assert rough_size(size) == words
