"""What people choose is complete, within bounds, and of the kind the template names; anything else is told."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carrel.domain.errors import Invalid
from carrel.domain.parameter import Choice, Number, Parameter, Text
from carrel.rules.parameters import checked, chosen, text, variables

DATASET = Choice("dataset", ("mouse", "fly"), "fly")
CORES = Number("cores", 2, least=1, most=8, step=1, title="Cores")
SHARE = Number("share", 0.5, least=0, step=0.1)
BRANCH = Text("branch", "main", pattern="[a-z][a-z0-9-]*", longest=20)
NOTE = Text("note", pattern="[a-z ]+")
ALL = (DATASET, CORES, SHARE, BRANCH, NOTE)


def test_what_nobody_chose_has_its_default() -> None:
    assert chosen(ALL, {}) == {"dataset": "fly", "cores": 2, "share": 0.5, "branch": "main", "note": ""}
    assert chosen((), {}) == {}


@pytest.mark.parametrize(
    ("name", "given_", "becomes"),
    [
        ("dataset", "mouse", "mouse"),
        ("cores", 8, 8.0),
        ("cores", "3", 3.0),
        ("cores", " 3.0 ", 3.0),
        ("share", 0.7, 0.7),
        ("share", "1e1", 10.0),
        ("branch", " a-1 ", "a-1"),
        ("note", "", ""),
    ],
)
def test_a_choice_within_bounds_is_taken(name: str, given_: object, becomes: object) -> None:
    assert chosen(ALL, {name: given_})[name] == becomes


@pytest.mark.parametrize(
    ("name", "given_", "expected"),
    [
        ("dataset", "cat", "dataset: expected one of mouse, fly."),
        ("dataset", 3, "dataset: expected one of mouse, fly."),
        ("dataset", ["fly"], "dataset: expected one of mouse, fly."),
        ("cores", 0, "Cores: expected a number from 1 to 8 in steps of 1."),
        ("cores", 8.5, "Cores: expected a number from 1 to 8 in steps of 1."),
        ("cores", 2.5, "Cores: expected a number from 1 to 8 in steps of 1."),
        ("cores", "many", "Cores: expected a number"),
        ("cores", "", "Cores: expected a number"),
        ("cores", True, "Cores: expected a number"),
        ("cores", None, "Cores: expected a number"),
        ("share", "nan", "share: expected a number of at least 0 in steps of 0.1."),
        ("share", "1_0", "share: expected a number"),
        ("share", float("inf"), "share: expected a number"),
        ("share", float("nan"), "share: expected a number"),
        ("share", 10**400, "share: expected a number"),
        ("share", "9e99", "share: expected a number"),
        ("branch", "9", "branch: expected at most 20 characters, as in [a-z][a-z0-9-]*."),
        ("branch", "", "branch: expected at most 20 characters"),
        ("branch", "a" * 21, "branch: expected at most 20 characters"),
        ("branch", "a\nb", "branch: expected one line of text."),
        ("branch", 3, "branch: expected a text."),
        (
            "colour",
            "red",
            "There is no parameter called 'colour' here; it has dataset, cores, share, branch, note.",
        ),
    ],
)
def test_anything_else_is_told_with_what_was_expected(name: str, given_: object, expected: str) -> None:
    with pytest.raises(Invalid, match=re.escape(expected)):
        chosen(ALL, {name: given_})


def test_a_template_that_asks_nothing_takes_nothing() -> None:
    with pytest.raises(Invalid, match="it has none"):
        chosen((), {"dataset": "fly"})


def test_choices_are_variables_in_capitals() -> None:
    assert variables({"data-set": "fly", "cores": 2.0, "share": 0.25}) == {
        "CARREL_PARAMETER_DATA_SET": "fly",
        "CARREL_PARAMETER_CORES": "2",
        "CARREL_PARAMETER_SHARE": "0.25",
    }


@given(st.sampled_from(ALL), st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()))
def test_what_is_taken_is_taken_again_as_it_became(parameter: Parameter, value: object) -> None:
    try:
        taken = checked(parameter, value)
    except ValueError:
        return
    assert checked(parameter, taken) == taken
    assert checked(parameter, text(taken)) == taken
    if isinstance(parameter, Number):
        assert isinstance(taken, float)
        assert (parameter.least or 0) <= taken <= (parameter.most or 1e15)
