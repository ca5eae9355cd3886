"""What is new in a log that is looked at again and again."""

import pytest

from carrel.cli.tail import added


@pytest.mark.parametrize(
    ("before", "now", "fresh"),
    [
        ("", "a b", "a b"),
        ("a b", "a b", ""),
        ("a b", "a b c", "c"),
        ("a a", "a a a", "a"),
        ("a b c", "b c d e", "d e"),
        ("a b c", "x y", "x y"),
        ("a half", "a half-done", "half-done"),
        ("a half", "a half-done b", "half-done b"),
        ("a b c", "", ""),
    ],
)
def test_only_what_follows_is_told(before: str, now: str, fresh: str) -> None:
    assert added(before.split(), now.split()) == fresh.split()
