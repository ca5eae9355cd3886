"""Whose volume it is, read from its name by a site's pattern."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carrel.domain.errors import Invalid
from carrel.rules.escape import Rule, escaped
from carrel.rules.volume_names import USUAL_PATTERN, Reading, home_called, pattern, readings


def read(name: str, text: str = USUAL_PATTERN, rules: tuple[Rule, ...] = tuple(Rule)) -> list[Reading]:
    return readings(name, pattern(text), rules)


def test_the_usual_pattern_names_a_person() -> None:
    assert read("jupyterhub-user-ada") == [Reading("ada", "")]
    assert read("jupyterhub-user-alice-40example-2ecom")[0] == Reading("alice@example.com", "")
    assert read("jupyterhub-user-alice_40example_2Ecom") == [Reading("alice@example.com", "")]


@pytest.mark.parametrize(
    "name", ["jupyterhub-data", "jupyterhub-user-", "jupyterhub-user-a.b", "my-jupyterhub-user-ada", ""]
)
def test_other_volumes_are_nobodys(name: str) -> None:
    assert read(name) == []


def test_named_servers_are_parted_from_their_users_where_the_rules_allow_it() -> None:
    text = "jupyter-{username}--{servername}"
    assert read("jupyter-ann-2dlee--gpu", text, (Rule.NEW,)) == [Reading("ann-lee", "gpu")]
    assert read("jupyter-ada--", text, (Rule.NEW,)) == [Reading("ada", "")]
    assert read("jupyter-ada", text) == []
    assert set(read("jupyter-a--b--c", text, (Rule.LEGACY,))) == {Reading("a", "b--c"), Reading("a--b", "c")}


def test_a_raw_name_is_read_as_it_stands() -> None:
    assert read("work-ann.lee", "work-{raw_username}") == [Reading("ann.lee", "")]


def test_one_rule_alone_reads_in_one_way() -> None:
    assert len(read("jupyterhub-user-ann-2dlee")) == 2
    assert read("jupyterhub-user-ann-2dlee", rules=(Rule.NEW,)) == [Reading("ann-lee", "")]


@pytest.mark.parametrize(
    "text",
    ["", "jupyterhub", "{servername}", "{username}{servername}", "{username}-{username}", "{username}-{prefix}",
     "{username}-{raw_username}", "{username", "{username}}", "a{{username}}", "{username}-{servername}-{servername}", "x" * 300 + "{username}"],
)  # fmt: skip
def test_a_pattern_that_says_nothing_clear_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        pattern(text)


@pytest.mark.parametrize(
    ("server", "home"),
    [("gpu", "gpu"), ("My GPU (big)", "my-gpu-big"), ("-", None), ("é", None), ("x" * 60, "x" * 40)],
)
def test_a_named_servers_home_is_called_like_it_where_that_can_be(server: str, home: str | None) -> None:
    assert home_called(server) == home


@given(st.text(st.characters(blacklist_categories=("C",)), min_size=1, max_size=20), st.sampled_from(Rule))
def test_whoever_wrote_a_volumes_name_is_among_those_it_is_read_as(user: str, rule: Rule) -> None:
    name = USUAL_PATTERN.replace("{username}", escaped(user, rule))
    assert Reading(user, "") in read(name)
