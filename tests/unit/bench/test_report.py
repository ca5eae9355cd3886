"""The table says ratios first, what was missed, and what was not measured."""

import json

import pytest
from bench.report import Missing, Row, as_json, figure, markdown

ROW = Row(
    measure="proxy CPU",
    unit="µs",
    ours=90.0,
    theirs=180.0,
    peer="another",
    goal="ratio ≤ 0.45",
    met=False,
    note="7 turns",
)


def test_a_line_gives_the_ratio_before_the_numbers() -> None:
    (line,) = [line for line in markdown([ROW], [], {}).splitlines() if line.startswith("| proxy CPU")]
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells == ["proxy CPU", "0.5", "2×", "ratio ≤ 0.45", "no", "90 µs", "180 µs", "another", "7 turns"]


def test_what_was_not_measured_is_said_with_its_reason() -> None:
    assert "- click: no Node.js" in markdown([ROW], [Missing("click", "no Node.js")], {})
    assert "Not measured" not in markdown([ROW], [], {})


def test_the_run_is_described() -> None:
    assert "- processor: one" in markdown([ROW], [], {"processor": "one"})


def test_json_holds_the_same_with_ratios() -> None:
    whole = json.loads(as_json([ROW], [Missing("click", "why")], {"at": "now"}))
    assert whole["rows"][0]["ratio"] == 0.5
    assert whole["rows"][0]["times_better"] == 2.0
    assert whole["missing"] == [{"measure": "click", "why": "why", "is_failure": True}]


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (0.01834, "0.0183"), (93.46, "93.5"), (12650.4, "12,650"), (999.7, "1,000")],
)
def test_a_figure_has_three_significant_digits(value: float | None, text: str) -> None:
    assert figure(value) == text
