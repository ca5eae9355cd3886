"""Patterns mean what Python's own mean, and no text makes one of them slow."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carrel.rules.pattern import LONGEST, compiled


@pytest.mark.parametrize(
    ("pattern", "text", "takes"),
    [
        ("[a-z]+", "abc", True),
        ("[a-z]+", "abc1", False),
        ("^[a-z]+$", "abc", True),
        (r"\d{4}-\d\d", "2024-12", True),
        (r"\d{4}-\d\d", "2024-1", False),
        ("(mouse|fly)-[0-9]{1,2}", "fly-7", True),
        ("(?:mouse|fly)?", "", True),
        ("a{2,}", "a", False),
        ("a{2,}", "aaaa", True),
        ("a{2,3}", "aaaa", False),
        ("a{0}", "", True),
        ("a{0}", "a", False),
        ("a|", "", True),
        ("(a*)*", "aaa", True),
        (r"[^\]]x", "]x", False),
        ("a.c", "a.c", True),
        (r"a\.c", "abc", False),
    ],
)
def test_the_whole_text_must_match(pattern: str, text: str, takes: bool) -> None:
    assert compiled(pattern).takes(text) is takes


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("(a", 'a ")" for every "("'),
        ("a)", 'no ")" without "("'),
        ("*a", 'something to repeat before "*"'),
        ("a+?", 'one count, not "+"'),
        ("a**", 'one count, not "*"'),
        ("[a", '"[a" is nothing known'),
        ("[b-a]", "does not make sense: bad character range"),
        ("[a--b]", "is nothing known"),
        (r"(a)\1", r'"\1" is nothing known'),
        ("(?=a)", "plain groups only"),
        ("(?P<n>a)", "plain groups only"),
        ("(" * 30 + ")" * 30, "plain groups only"),
        ("a{3,2}", "the smaller number first"),
        ("a^b", 'no "^" in the middle'),
        ("((a{50}){50}){50}", "a smaller pattern"),
        ("a" * (LONGEST + 1), "at most 300 characters"),
    ],
)
def test_what_is_no_plain_pattern_is_told(pattern: str, expected: str) -> None:
    with pytest.raises(ValueError, match=re.escape(expected)):
        compiled(pattern)


@pytest.mark.parametrize("pattern", ["(a+)+", "(a|a)*", "(a*)*b?", "a*a*a*a*a*a*", "((a?){0,9}){0,9}"])
def test_no_pattern_takes_long_over_any_text(pattern: str) -> None:
    begun = time.process_time()
    assert not compiled(pattern).takes("a" * 200 + "!")
    assert time.process_time() - begun < 5


_ATOMS = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", r"\d", r"\w", r"\.", "-"])
_COUNTS = st.sampled_from(["", "*", "+", "?", "{2}", "{1,2}", "{1,}"])
PATTERNS = st.recursive(
    st.tuples(_ATOMS, _COUNTS).map("".join),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner, _COUNTS).map(lambda parts: f"({parts[0]}|{parts[1]}){parts[2]}"),
    ),
    max_leaves=4,
)


@given(PATTERNS, st.text("ab1.-", max_size=5))
def test_patterns_mean_what_they_mean_to_python(pattern: str, text: str) -> None:
    assert compiled(pattern).takes(text) is (re.fullmatch(pattern, text) is not None)
