"""How a user's name gets into the name of a volume, and out of it again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carrel.rules.escape import Rule, escaped, readings, unescaped

NAMES = st.text(st.characters(blacklist_categories=("C",)), min_size=1, max_size=30)
WRITTEN = st.text(st.sampled_from("abAB019-_2d"), max_size=12)


@pytest.mark.parametrize(
    ("name", "rule", "text"),
    [
        ("ada", Rule.NEW, "ada"),
        ("ada", Rule.LEGACY, "ada"),
        ("alice@example.com", Rule.NEW, "alice-40example-2ecom"),
        ("alice@example.com", Rule.LEGACY, "alice_40example_2Ecom"),
        ("ann-lee", Rule.NEW, "ann-2dlee"),
        ("ann-lee", Rule.LEGACY, "ann-lee"),
        ("ann_lee", Rule.NEW, "ann-5flee"),
        ("ann_lee", Rule.LEGACY, "ann_5Flee"),
        ("Ada", Rule.NEW, "-41da"),
        ("Ada", Rule.LEGACY, "Ada"),
        ("jürgen", Rule.NEW, "j-c3-bcrgen"),
        ("jürgen", Rule.LEGACY, "j_C3_BCrgen"),
    ],
)
def test_both_rules_both_ways(name: str, rule: Rule, text: str) -> None:
    assert escaped(name, rule) == text
    assert unescaped(text, rule) == name


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("ann-lee", Rule.NEW),
        ("Ada", Rule.NEW),
        ("ada_40x", Rule.NEW),
        ("ada-4", Rule.NEW),
        ("ada-40X", Rule.NEW),
        ("ada-61", Rule.NEW),
        ("ada-c3", Rule.NEW),
        ("ada_2e", Rule.LEGACY),
        ("ada.x", Rule.LEGACY),
        ("ada_41", Rule.LEGACY),
        ("ada_", Rule.LEGACY),
    ],
)
def test_what_a_rule_never_writes_it_does_not_read(text: str, rule: Rule) -> None:
    assert unescaped(text, rule) is None


def test_a_name_that_both_rules_write_alike_may_be_read_twice() -> None:
    assert readings("ann-2dlee") == {Rule.NEW: "ann-lee", Rule.LEGACY: "ann-2dlee"}
    assert readings("ann-2dlee", [Rule.LEGACY]) == {Rule.LEGACY: "ann-2dlee"}


@given(NAMES, st.sampled_from(Rule))
def test_every_name_comes_back(name: str, rule: Rule) -> None:
    assert unescaped(escaped(name, rule), rule) == name


@given(WRITTEN, st.sampled_from(Rule))
def test_every_text_that_is_read_is_written_just_so(text: str, rule: Rule) -> None:
    name = unescaped(text, rule)
    assert name is None or escaped(name, rule) == text


@given(NAMES, NAMES, st.sampled_from(Rule))
def test_no_two_names_are_written_alike(one: str, other: str, rule: Rule) -> None:
    assert one == other or escaped(one, rule) != escaped(other, rule)
